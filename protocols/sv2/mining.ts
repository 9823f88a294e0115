import { channelMessage, defineProtocol, message, messageTable, type ProtocolMessage } from './codec.ts';
import { commonMessages } from './common.ts';
import { requestExtensionsMessages } from './extensions/request-extensions.ts';
import {
  B0_32,
  B0_64K,
  B0_255,
  BOOL,
  F32,
  OPTION,
  SEQ0_64K,
  SEQ0_255,
  STR0_255,
  TRAILING,
  U16,
  U32,
  U64,
  U256,
} from './types.ts';

/** SetupConnection.flags of a mining client. */
export const REQUIRES_STANDARD_JOBS = 1;
export const REQUIRES_WORK_SELECTION = 2;
export const REQUIRES_VERSION_ROLLING = 4;

/** SetupConnection.Success.flags of a mining server. */
export const REQUIRES_FIXED_VERSION = 1;
export const REQUIRES_EXTENDED_CHANNELS = 2;

/** Section 5.3. */
export const miningMessages = messageTable('Mining', 0, {
  OpenStandardMiningChannel: message(
    0x10,
    { request_id: U32, user_identity: STR0_255, nominal_hash_rate: F32, max_target: U256 },
    { tlvs: true },
  ),
  'OpenStandardMiningChannel.Success': message(
    0x11,
    { request_id: U32, channel_id: U32, target: U256, extranonce_prefix: B0_32, group_channel_id: U32 },
    { tlvs: true },
  ),
  'OpenMiningChannel.Error': message(0x12, { request_id: U32, error_code: STR0_255 }),
  OpenExtendedMiningChannel: message(
    0x13,
    {
      request_id: U32,
      user_identity: STR0_255,
      nominal_hash_rate: F32,
      max_target: U256,
      min_extranonce_size: U16,
    },
    { tlvs: true },
  ),
  'OpenExtendedMiningChannel.Success': message(
    0x14,
    {
      request_id: U32,
      channel_id: U32,
      target: U256,
      extranonce_size: U16,
      extranonce_prefix: B0_32,
      // SRI before 1.7 leaves it out; 0 is what a server without groups sends.
      group_channel_id: TRAILING(U32, 0),
    },
    { tlvs: true },
  ),
  NewMiningJob: channelMessage(0x15, {
    channel_id: U32,
    job_id: U32,
    min_ntime: OPTION(U32),
    version: U32,
    merkle_root: U256,
  }),
  UpdateChannel: channelMessage(
    0x16,
    { channel_id: U32, nominal_hash_rate: F32, maximum_target: U256 },
    { tlvs: true },
  ),
  'UpdateChannel.Error': channelMessage(0x17, { channel_id: U32, error_code: STR0_255 }),
  CloseChannel: channelMessage(0x18, { channel_id: U32, reason_code: STR0_255 }),
  SetExtranoncePrefix: channelMessage(0x19, { channel_id: U32, extranonce_prefix: B0_32 }),
  SubmitSharesStandard: channelMessage(0x1a, {
    channel_id: U32,
    sequence_number: U32,
    job_id: U32,
    nonce: U32,
    ntime: U32,
    version: U32,
  }),
  SubmitSharesExtended: channelMessage(
    0x1b,
    {
      channel_id: U32,
      sequence_number: U32,
      job_id: U32,
      nonce: U32,
      ntime: U32,
      version: U32,
      extranonce: B0_32,
    },
    { tlvs: true },
  ),
  'SubmitShares.Success': channelMessage(0x1c, {
    channel_id: U32,
    last_sequence_number: U32,
    new_submits_accepted_count: U32,
    new_shares_sum: U64,
  }),
  'SubmitShares.Error': channelMessage(0x1d, { channel_id: U32, sequence_number: U32, error_code: STR0_255 }),
  // The coinbase parts are stripped of marker, flag and witness: prefix, extranonce, suffix hash to the txid.
  NewExtendedMiningJob: channelMessage(0x1f, {
    channel_id: U32,
    job_id: U32,
    min_ntime: OPTION(U32),
    version: U32,
    version_rolling_allowed: BOOL,
    merkle_path: SEQ0_255(U256),
    coinbase_tx_prefix: B0_64K,
    coinbase_tx_suffix: B0_64K,
  }),
  SetNewPrevHash: channelMessage(0x20, {
    channel_id: U32,
    job_id: U32,
    prev_hash: U256,
    min_ntime: U32,
    nbits: U32,
  }),
  SetTarget: channelMessage(0x21, { channel_id: U32, maximum_target: U256 }),
  SetCustomMiningJob: channelMessage(0x22, {
    channel_id: U32,
    request_id: U32,
    mining_job_token: B0_255,
    version: U32,
    prev_hash: U256,
    min_ntime: U32,
    nbits: U32,
    coinbase_tx_version: U32,
    coinbase_prefix: B0_255,
    coinbase_tx_input_nSequence: U32,
    coinbase_tx_outputs: B0_64K,
    coinbase_tx_locktime: U32,
    merkle_path: SEQ0_255(U256),
  }),
  'SetCustomMiningJob.Success': channelMessage(0x23, { channel_id: U32, request_id: U32, job_id: U32 }),
  'SetCustomMiningJob.Error': channelMessage(0x24, {
    channel_id: U32,
    request_id: U32,
    error_code: STR0_255,
  }),
  SetGroupChannel: message(0x25, { group_channel_id: U32, channel_ids: SEQ0_64K(U32) }),
});

/** The mining protocol with the messages it shares with the others and the negotiation of extensions. */
export const miningProtocol = defineProtocol('mining', [
  commonMessages,
  miningMessages,
  requestExtensionsMessages,
]);

export type MiningMessage = ProtocolMessage<typeof miningProtocol>;

/** Whether a nominal hash rate can be reckoned with: finite and not negative. 0 is a proxy without miners. */
export function isNominalHashRate(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
