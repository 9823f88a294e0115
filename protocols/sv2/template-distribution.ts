import { defineProtocol, message, messageTable, type ProtocolMessage } from './codec.ts';
import { commonMessages } from './common.ts';
import { requestExtensionsMessages } from './extensions/request-extensions.ts';
import {
  B0_16M,
  B0_64K,
  B0_255,
  BOOL,
  SEQ0_64K,
  SEQ0_255,
  STR0_255,
  TRAILING,
  U16,
  U32,
  U64,
  U256,
} from './types.ts';

/** What sv2-tp reckons with when a client leaves coinbase_output_max_additional_sigops out. */
export const DEFAULT_ADDITIONAL_SIGOPS = 400;

/** Section 7. */
export const templateDistributionMessages = messageTable('Template distribution', 0, {
  CoinbaseOutputConstraints: message(0x70, {
    coinbase_output_max_additional_size: U32,
    coinbase_output_max_additional_sigops: TRAILING(U16, DEFAULT_ADDITIONAL_SIGOPS),
  }),
  // coinbase_tx_outputs are the outputs alone: their count is coinbase_tx_outputs_count, not a prefix.
  NewTemplate: message(0x71, {
    template_id: U64,
    future_template: BOOL,
    version: U32,
    coinbase_tx_version: U32,
    coinbase_prefix: B0_255,
    coinbase_tx_input_sequence: U32,
    coinbase_tx_value_remaining: U64,
    coinbase_tx_outputs_count: U32,
    coinbase_tx_outputs: B0_64K,
    coinbase_tx_locktime: U32,
    merkle_path: SEQ0_255(U256),
  }),
  SetNewPrevHash: message(0x72, {
    template_id: U64,
    prev_hash: U256,
    header_timestamp: U32,
    nBits: U32,
    target: U256,
  }),
  RequestTransactionData: message(0x73, { template_id: U64 }),
  'RequestTransactionData.Success': message(0x74, {
    template_id: U64,
    excess_data: B0_64K,
    transaction_list: SEQ0_64K(B0_16M),
  }),
  'RequestTransactionData.Error': message(0x75, { template_id: U64, error_code: STR0_255 }),
  // The whole coinbase with marker, flag and witness.
  SubmitSolution: message(0x76, {
    template_id: U64,
    version: U32,
    header_timestamp: U32,
    header_nonce: U32,
    coinbase_tx: B0_64K,
  }),
});

/** A template provider never gets RequestExtensions from us: sv2-tp takes it for a second SetupConnection. */
export const templateDistributionProtocol = defineProtocol('template distribution', [
  commonMessages,
  templateDistributionMessages,
  requestExtensionsMessages,
]);

export type TemplateMessage = ProtocolMessage<typeof templateDistributionProtocol>;
