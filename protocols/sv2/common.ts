import { channelMessage, defineProtocol, type MessageOf, message, messageTable } from './codec.ts';
import { STR0_255, U8, U16, U32 } from './types.ts';

/** The only version of the protocol there is. */
export const PROTOCOL_VERSION = 2;

/** SetupConnection.protocol */
export const MINING_PROTOCOL = 0;
export const JOB_DECLARATION_PROTOCOL = 1;
export const TEMPLATE_DISTRIBUTION_PROTOCOL = 2;

/** Section 3.6. */
export const commonMessages = messageTable('Common', 0, {
  SetupConnection: message(0x00, {
    protocol: U8,
    min_version: U16,
    max_version: U16,
    flags: U32,
    endpoint_host: STR0_255,
    endpoint_port: U16,
    vendor: STR0_255,
    hardware_version: STR0_255,
    firmware: STR0_255,
    device_id: STR0_255,
  }),
  'SetupConnection.Success': message(0x01, { used_version: U16, flags: U32 }),
  'SetupConnection.Error': message(0x02, { flags: U32, error_code: STR0_255 }),
  ChannelEndpointChanged: channelMessage(0x03, { channel_id: U32 }),
  Reconnect: message(0x04, { new_host: STR0_255, new_port: U16 }),
});

export type CommonMessage = MessageOf<typeof commonMessages>;
export type SetupConnection = Extract<CommonMessage, { name: 'SetupConnection' }>;
export type SetupConnectionSuccess = Extract<CommonMessage, { name: 'SetupConnection.Success' }>;

/** What every connection speaks until it is set up. */
export const setupProtocol = defineProtocol('setup', [commonMessages]);

/** A server's answer to SetupConnection, without the name. */
export type SetupAnswer =
  | { readonly used_version: number; readonly flags: number }
  | { readonly error_code: string; readonly flags: number };

/**
 * Judges a SetupConnection by protocol, version and feature flags.
 * @param setup the client's request
 * @param server the protocol served, the flags (a bit mask) that the server can live up to, and those it insists on
 * @param accepted the flags of the answer in case of success
 * @returns the answer; in an error `flags` holds the unsupported bits, or 0 if the flags are not the reason
 */
export function judgeSetup(
  setup: SetupConnection,
  server: { protocol: number; supportedFlags: number },
  accepted = 0,
): SetupAnswer {
  if (setup.protocol !== server.protocol) return { error_code: 'unsupported-protocol', flags: 0 };
  if (setup.min_version > PROTOCOL_VERSION || setup.max_version < PROTOCOL_VERSION) {
    return { error_code: 'protocol-version-mismatch', flags: 0 };
  }
  const unsupported = (setup.flags & ~server.supportedFlags) >>> 0;
  if (unsupported !== 0) return { error_code: 'unsupported-feature-flags', flags: unsupported };
  return { used_version: PROTOCOL_VERSION, flags: accepted };
}
