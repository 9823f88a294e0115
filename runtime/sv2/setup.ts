import { HashpoolError } from '../../protocols/errors.ts';
import {
  type CommonMessage,
  PROTOCOL_VERSION,
  type SetupAnswer,
  type SetupConnection,
  type SetupConnectionSuccess,
  setupProtocol,
} from '../../protocols/sv2/common.ts';
import type { NoiseLink } from './link.ts';
import { closedBefore } from './socket.ts';

/** As our own software names itself. */
export const VENDOR = 'hashpool';

/** What a client says of itself; the rest of SetupConnection follows from where it connects to. */
export interface SetupRequest {
  readonly protocol: number;
  readonly flags?: number;
  readonly vendor?: string;
  readonly hardware_version?: string;
  readonly firmware?: string;
  readonly device_id?: string;
}

/**
 * Client: asks for the connection to be set up.
 * @throws HashpoolError `sv2-refused`, its cause the SetupConnection.Error; `sv2-unexpected-message`; `sv2-closed`
 */
export async function requestSetup(
  link: NoiseLink,
  request: SetupRequest,
  host: string,
  port: number,
): Promise<{ setup: SetupConnection; accepted: SetupConnectionSuccess }> {
  const setup: SetupConnection = {
    name: 'SetupConnection',
    min_version: PROTOCOL_VERSION,
    max_version: PROTOCOL_VERSION,
    flags: 0,
    endpoint_host: host,
    endpoint_port: port,
    vendor: VENDOR,
    hardware_version: '',
    firmware: '',
    device_id: '',
    ...request,
  };
  link.send(setupProtocol.encode(setup));
  const answer = await nextSetupMessage(link, 'SetupConnection was answered');
  if (answer.name === 'SetupConnection.Success') {
    if (answer.used_version === PROTOCOL_VERSION) return { setup, accepted: answer };
    throw unexpected(`version ${answer.used_version}, only ${PROTOCOL_VERSION} is spoken here`);
  }
  if (answer.name !== 'SetupConnection.Error')
    throw unexpected(`${answer.name} in answer to SetupConnection`);
  const flags = answer.flags === 0 ? '' : ` (feature flags 0x${answer.flags.toString(16)})`;
  throw new HashpoolError(
    'sv2-refused',
    `the server refused the connection: ${JSON.stringify(answer.error_code)}${flags}`,
    { cause: answer },
  );
}

/**
 * Server: waits for SetupConnection and answers it. A refused client is sent the error and hung up on.
 * @throws HashpoolError `sv2-unexpected-message`, `sv2-closed`, `sv2-refused`
 */
export async function answerSetup(
  link: NoiseLink,
  judge: (setup: SetupConnection) => SetupAnswer,
): Promise<{ setup: SetupConnection; accepted: SetupConnectionSuccess }> {
  const setup = await nextSetupMessage(link, 'it sent SetupConnection');
  if (setup.name !== 'SetupConnection') throw unexpected(`${setup.name} before SetupConnection`);
  const answer = judge(setup);
  if ('error_code' in answer) {
    link.send(setupProtocol.encode({ name: 'SetupConnection.Error', ...answer }));
    const reason = `refused its SetupConnection: ${answer.error_code}`;
    link.close(reason);
    throw new HashpoolError('sv2-refused', reason);
  }
  const accepted: SetupConnectionSuccess = { name: 'SetupConnection.Success', ...answer };
  link.send(setupProtocol.encode(accepted));
  return { setup, accepted };
}

/** The next frame as a common message; the link reads no further then. */
async function nextSetupMessage(link: NoiseLink, awaited: string): Promise<CommonMessage> {
  const message = new Promise<CommonMessage>((resolve) => {
    link.handler = {
      frame({ header, payload }) {
        link.handler = undefined;
        resolve(setupProtocol.decodePayload(header, payload).message);
      },
    };
  });
  const ended = link.closed.then(({ error }) => {
    throw error ?? closedBefore(awaited);
  });
  return Promise.race([message, ended]);
}

function unexpected(text: string): HashpoolError {
  return new HashpoolError('sv2-unexpected-message', `the peer sent ${text}`);
}
