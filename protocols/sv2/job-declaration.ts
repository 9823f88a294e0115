import { defineProtocol, message, messageTable, type ProtocolMessage } from './codec.ts';
import { commonMessages } from './common.ts';
import { requestExtensionsMessages } from './extensions/request-extensions.ts';
import { B0_16M, B0_32, B0_64K, B0_255, SEQ0_64K, STR0_255, U16, U32, U256 } from './types.ts';

/** SetupConnection.flags: the client declares whole transactions lists (full-template mode). */
export const DECLARE_TX_DATA = 1;

/** Section 6.4. */
export const jobDeclarationMessages = messageTable('Job declaration', 0, {
  AllocateMiningJobToken: message(0x50, { user_identifier: STR0_255, request_id: U32 }),
  'AllocateMiningJobToken.Success': message(0x51, {
    request_id: U32,
    mining_job_token: B0_255,
    coinbase_tx_outputs: B0_64K,
  }),
  ProvideMissingTransactions: message(0x55, { request_id: U32, unknown_tx_position_list: SEQ0_64K(U16) }),
  'ProvideMissingTransactions.Success': message(0x56, {
    request_id: U32,
    transaction_list: SEQ0_64K(B0_16M),
  }),
  // The coinbase parts carry marker, flag and witness, unlike those of NewExtendedMiningJob.
  DeclareMiningJob: message(0x57, {
    request_id: U32,
    mining_job_token: B0_255,
    version: U32,
    coinbase_tx_prefix: B0_64K,
    coinbase_tx_suffix: B0_64K,
    wtxid_list: SEQ0_64K(U256),
    excess_data: B0_64K,
  }),
  'DeclareMiningJob.Success': message(0x58, { request_id: U32, new_mining_job_token: B0_255 }),
  'DeclareMiningJob.Error': message(0x59, {
    request_id: U32,
    error_code: STR0_255,
    error_details: B0_64K,
  }),
  // SRI before 1.10 sends ntime before nonce: same sizes, so only a failing proof of work tells them apart.
  PushSolution: message(0x60, {
    extranonce: B0_32,
    prev_hash: U256,
    nonce: U32,
    ntime: U32,
    nbits: U32,
    version: U32,
  }),
});

export const jobDeclarationProtocol = defineProtocol('job declaration', [
  commonMessages,
  jobDeclarationMessages,
  requestExtensionsMessages,
]);

export type JobDeclarationMessage = ProtocolMessage<typeof jobDeclarationProtocol>;
