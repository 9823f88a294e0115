import { decodeAllOutputs, encodeOutputs, type TransactionOutput } from '../bitcoin/output.ts';
import { concatBytes, utf8 } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { defineProtocol, message, messageTable, type ProtocolMessage } from '../sv2/codec.ts';
import { commonMessages } from '../sv2/common.ts';
import { STRUCT } from '../sv2/struct.ts';
import {
  B0_64K,
  B0_255,
  FIXED,
  SEQ0_64K,
  SEQ0_255,
  SIGNATURE,
  STR0_255,
  U8,
  U16,
  U32,
  U64,
  U256,
} from '../sv2/types.ts';
import type { EhashPolicy } from './amount.ts';
import { EHASH_EXTENSION } from './extension.ts';

/** SetupConnection.protocol of the work link; Stratum V2 itself uses 0, 1 and 2. */
export const WORK_LINK_PROTOCOL = 0x48;

export const OUTBOX_ID_BYTES = 16;
export const KEYSET_ID_BYTES = 33;

/** Records that one SubmitWork carries at most: 58,368 bytes, within B0_64K and one Noise block. */
export const MAX_RECORDS_PER_SUBMIT = 512;

/** Frames of the link are capped here: the largest is a WorkAck that refuses each record in the longest words. */
export const WORK_LINK_FRAME_CAP = 256 * 1024;

const POINT = FIXED(33, 'POINT');
const OUTBOX_ID = FIXED(OUTBOX_ID_BYTES, 'OUTBOX_ID');
const HEADER = FIXED(80, 'HEADER');

/**
 * The work link, pool to mint. Sequence numbers count the shares of one outbox from 1. Each SubmitWork is answered,
 * in their order: `stored_seq` is its last share that is stored, or where it would leave a gap, or has no records and
 * only asks, the last share of the outbox, 0 for none. The pool goes on from there, also where that is further back
 * than it thought; never from beyond what it has sent, since an outbox set back to an older copy uses numbers again.
 * `unplaced` of its shares wait, since the mint's node does not know the block that they build on.
 * `reward_script` is what the pool's own coinbases pay, empty where its blocks pay an upstream of its.
 * ServerIdLease comes before the first Terms: the server id that the pool has, which may be another one than it asked for.
 * BlockState comes after the first Terms for the pool's latest blocks, afterwards for each whose state changes.
 * A pool that puts payouts into its coinbases says after the first Terms how much room they have; only such a pool is told
 * CoinbasePayouts, serialized outputs one after the other, which stand for blocks on `prev_hash` alone.
 * ShowShares names shares by their hashes that a block has drawn for the pool's report; those that the pool has come in
 * any number of ShownShares, each with its coinbase without witness and the path from there to the header's root.
 */
export const workLinkMessages = messageTable('Work link', EHASH_EXTENSION, {
  OpenWorkLink: message(0x80, {
    pool_id: POINT,
    outbox_id: OUTBOX_ID,
    server_id: U16,
    issuer_key: POINT,
    signature: SIGNATURE,
    reward_script: B0_255,
  }),
  WorkLinkRefused: message(0x81, { error_code: STR0_255, reason: STR0_255 }),
  Terms: message(0x82, {
    policy: U8,
    minimum_difficulty: U8,
    unit: STR0_255,
    keyset_id: FIXED(KEYSET_ID_BYTES, 'KEYSET_ID'),
  }),
  SubmitWork: message(0x83, { outbox_id: OUTBOX_ID, first_seq: U64, records: B0_64K }),
  WorkAck: message(0x84, {
    outbox_id: OUTBOX_ID,
    stored_seq: U64,
    backed_up_seq: U64,
    unplaced: U16,
    refusals: SEQ0_64K(STRUCT({ seq: U64, reason: STR0_255 })),
  }),
  BlockState: message(0x85, { block_hash: U256, height: U32, state: U8, confirmations: U32 }),
  ServerIdLease: message(0x86, { server_id: U16 }),
  CoinbaseRoom: message(0x87, { max_size: U16, max_sigops: U16 }),
  CoinbasePayouts: message(0x88, { payouts_id: U64, prev_hash: U256, outputs: B0_64K }),
  ShowShares: message(0x89, { shares: SEQ0_255(U256) }),
  ShownShares: message(0x8a, {
    shares: SEQ0_255(STRUCT({ header: HEADER, coinbase: B0_64K, merkle_path: SEQ0_255(U256) })),
  }),
});

export const workLinkProtocol = defineProtocol('work link', [commonMessages, workLinkMessages]);

export type WorkLinkMessage = ProtocolMessage<typeof workLinkProtocol>;
export type OpenWorkLink = Extract<WorkLinkMessage, { name: 'OpenWorkLink' }>;
export type SubmitWork = Extract<WorkLinkMessage, { name: 'SubmitWork' }>;
export type WorkAck = Extract<WorkLinkMessage, { name: 'WorkAck' }>;
export type BlockStateMessage = Extract<WorkLinkMessage, { name: 'BlockState' }>;
export type ShownShare = Extract<WorkLinkMessage, { name: 'ShownShares' }>['shares'][number];
type CoinbasePayoutsMessage = Extract<WorkLinkMessage, { name: 'CoinbasePayouts' }>;
type TermsMessage = Extract<WorkLinkMessage, { name: 'Terms' }>;

/** What the mint pays for, fixed for an epoch; the pool keeps the last it was told. */
export interface Terms {
  readonly policy: EhashPolicy;
  readonly minimumDifficulty: number;
  readonly unit: string;
  /** The keyset's id, 33 bytes (NUT-02, version 1). */
  readonly keysetId: Uint8Array;
}

/** A share that the mint does not pay, and why. */
export interface Refusal {
  readonly seq: bigint;
  readonly reason: string;
}

const POLICIES: readonly EhashPolicy[] = ['target', 'hash'];

export function encodeTerms(terms: Terms): TermsMessage {
  return {
    name: 'Terms',
    policy: POLICIES.indexOf(terms.policy),
    minimum_difficulty: terms.minimumDifficulty,
    unit: terms.unit,
    keyset_id: terms.keysetId,
  };
}

/** @throws HashpoolError 'unknown-policy' where the mint is newer than this pool */
export function decodeTerms(message: TermsMessage): Terms {
  const policy = POLICIES[message.policy];
  if (policy === undefined) {
    throw new HashpoolError(
      'unknown-policy',
      `Terms.policy ${message.policy} is unknown: the mint is newer, update the pool`,
    );
  }
  return {
    policy,
    minimumDifficulty: message.minimum_difficulty,
    unit: message.unit,
    keysetId: message.keyset_id,
  };
}

/** How a block that a pool has found stands, seen from the mint's node; confirmed is one that is deep enough for ehash. */
export const BLOCK_STATES = ['found', 'confirmed', 'orphaned'] as const;

/** A pool's block that is or was in the chain. */
export interface BlockState {
  /** 32 bytes, header order. */
  readonly hashLe: Uint8Array;
  readonly height: number;
  readonly state: (typeof BLOCK_STATES)[number];
  /** Itself counted; 0 where it is orphaned. */
  readonly confirmations: number;
}

export function encodeBlockState(block: BlockState): BlockStateMessage {
  return {
    name: 'BlockState',
    block_hash: block.hashLe,
    height: block.height,
    state: BLOCK_STATES.indexOf(block.state),
    confirmations: block.confirmations,
  };
}

/** @returns undefined for a state that only a newer mint knows: shares are paid all the same */
export function decodeBlockState(message: BlockStateMessage): BlockState | undefined {
  const { block_hash: hashLe, height, confirmations } = message;
  const state = BLOCK_STATES[message.state];
  return state && { hashLe, height, state, confirmations };
}

/** Sat balances that a pool is to pay in the coinbases of blocks on one prev hash, and of no other. */
export interface CoinbasePayouts {
  /** By which mint and pool speak of them in their logs. */
  readonly id: bigint;
  /** 32 bytes, header order. */
  readonly prevHashLe: Uint8Array;
  /** In their order: where there is not room for all, each has it that fits behind those before it. */
  readonly outputs: readonly TransactionOutput[];
}

export function encodeCoinbasePayouts({ id, prevHashLe, outputs }: CoinbasePayouts): CoinbasePayoutsMessage {
  return {
    name: 'CoinbasePayouts',
    payouts_id: id,
    prev_hash: prevHashLe,
    outputs: encodeOutputs(outputs),
  };
}

/** @throws HashpoolError 'cut-short', 'bad-compact-size' where the outputs are none */
export function decodeCoinbasePayouts(message: CoinbasePayoutsMessage): CoinbasePayouts {
  const { payouts_id: id, prev_hash: prevHashLe, outputs } = message;
  return { id, prevHashLe, outputs: decodeAllOutputs(outputs) };
}

const ISSUER_PROOF = utf8('hashpool-issuer-v1');

/** What an issuer signs, before its SHA-256: bound to this very connection by the Noise handshake's hash. */
export function issuerProof(handshakeHash: Uint8Array): Uint8Array {
  return concatBytes(ISSUER_PROOF, handshakeHash);
}
