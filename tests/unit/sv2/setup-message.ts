import { PROTOCOL_VERSION, type SetupConnection, setupProtocol } from '../../../protocols/sv2/common.ts';

/** A SetupConnection as a plain frame, for clients that are made by hand. */
export function setupFrame(change: Partial<SetupConnection> = {}): Uint8Array {
  return setupProtocol.encode({
    name: 'SetupConnection',
    protocol: 0,
    min_version: PROTOCOL_VERSION,
    max_version: PROTOCOL_VERSION,
    flags: 0,
    endpoint_host: '127.0.0.1',
    endpoint_port: 0,
    vendor: 'test',
    hardware_version: '',
    firmware: '',
    device_id: '',
    ...change,
  });
}
