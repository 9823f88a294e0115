import { HOLDER_STATES } from '../ehash/epoch-state.ts';
import { defineProtocol, message, messageTable, type ProtocolMessage } from '../sv2/codec.ts';
import { STRUCT } from '../sv2/struct.ts';
import { FIXED, SEQ0_255, STR0_255, U8, U16, U32, U64, U256 } from '../sv2/types.ts';
import { U128 } from './u128.ts';

/** Extension type of all stats messages. */
export const STATS_EXTENSION = 0x4853;

/** Grows when a message changes its meaning; a field at a message's end, or a new message, does not change it. */
export const STATS_VERSION = 1;

export const INSTANCE_BYTES = 16;

/** Where a jd-client's connections are numbered from. */
export const FIRST_OWN_CONNECTION = 0x8000_0000;

/** Payloads are capped here: the largest is a ProcessHealth with all its links. */
export const STATS_FRAME_CAP = 16 * 1024;

/**
 * From a role to its side's stats service, plain SV2 frames over TCP. OpenStats comes first, and names the process by
 * `instance`. The events of a process are numbered from 1; Success says which of them the service has on its disk, and
 * EventsTaken the same again and again, so that after a cut the role goes on behind it, and nothing counts twice. Before
 * EventsFollow come the downstreams, channels and miners that were open before event `first_seq`, which are not numbered. What a
 * service did not take while it was away the role keeps and sends, with its times; what did not fit is EventsLost, which
 * stands for `count` numbers. Times are Unix milliseconds. `count` shares of one kind within a moment may come as one
 * event. A hash rate is a whole number of hashes a second, a difficulty the k of a target 2^(256-k) - 1. A height of 0 is
 * none. Connections of a jd-client are numbered from {@link FIRST_OWN_CONNECTION} on, so that they stand beside the miners
 * of a translator. An epoch's `due_height` is the height at which it is to leave its state, its `reward_sat` what its block pays the
 * pool and balances, with its gifts, `payable_sat` what is left of that for its holders: with `work` it is its price. Of `redeemed` and
 * `redeemed_sat`, `auto_paid` and `auto_paid_sat` went to balances of miners without a wallet; of these, `coinbase_sat` of
 * `coinbase_balances` miners wait to be paid by a coinbase. `due` prices are in no report yet, and `samples_due` epochs in reports
 * have not had their shares shown; `failed` tries at a report came to nothing since the mint was started.
 */
export const statsMessages = messageTable('Stats', STATS_EXTENSION, {
  OpenStats: message(0x80, {
    version: U16,
    role: STR0_255,
    instance: FIXED(INSTANCE_BYTES, 'INSTANCE'),
    started_at: U64,
    software: STR0_255,
  }),
  'OpenStats.Success': message(0x81, { version: U16, taken: U64 }),
  'OpenStats.Error': message(0x82, { error_code: STR0_255 }),
  EventsLost: message(0x83, { first_at: U64, last_at: U64, count: U64 }),
  EventsFollow: message(0x84, { first_seq: U64 }),
  EventsTaken: message(0x85, { taken: U64 }),
  ProcessHealth: message(0x86, {
    at: U64,
    status: STR0_255,
    loop_delay_us: U32,
    cpu_us: U64,
    memory_bytes: U64,
    heap_bytes: U64,
    open_connections: U32,
    queue_depth: U32,
    outbox_depth: U64,
    oldest_unsent_ms: U64,
    links: SEQ0_255(STRUCT({ name: STR0_255, state: U8, why: STR0_255 })),
  }),
  DownstreamConnected: message(0x90, {
    at: U64,
    downstream_id: U32,
    flags: U32,
    address: STR0_255,
    software: STR0_255,
  }),
  DownstreamDisconnected: message(0x91, { at: U64, downstream_id: U32 }),
  ChannelOpened: message(0x92, {
    at: U64,
    downstream_id: U32,
    channel_id: U32,
    kind: U8,
    difficulty: U8,
    hashrate: U64,
    user_identity: STR0_255,
  }),
  ChannelClosed: message(0x93, { at: U64, downstream_id: U32, channel_id: U32 }),
  ShareSubmitted: message(0x94, {
    at: U64,
    downstream_id: U32,
    channel_id: U32,
    count: U32,
    difficulty: U8,
    best_hash: U256,
    slowest_us: U32,
    worker: STR0_255,
  }),
  ShareRejected: message(0x95, {
    at: U64,
    downstream_id: U32,
    channel_id: U32,
    count: U32,
    error_code: STR0_255,
    worker: STR0_255,
  }),
  QuoteCreated: message(0x96, { at: U64, downstream_id: U32, count: U32, amount: U128 }),
  QuoteAcknowledged: message(0x97, { at: U64, count: U32, refused: U32, delay_ms: U32 }),
  MinerConnected: message(0xa0, {
    at: U64,
    miner_id: U32,
    address: STR0_255,
    software: STR0_255,
    worker: STR0_255,
  }),
  MinerDisconnected: message(0xa1, { at: U64, miner_id: U32 }),
  MinerShareSubmitted: message(0xa2, {
    at: U64,
    miner_id: U32,
    count: U32,
    difficulty: U8,
    best_hash: U256,
    slowest_us: U32,
    worker: STR0_255,
  }),
  MinerShareRejected: message(0xa3, {
    at: U64,
    miner_id: U32,
    count: U32,
    error_code: STR0_255,
    worker: STR0_255,
  }),
  MinerHashrateUpdate: message(0xa4, { at: U64, miner_id: U32, difficulty: U8, hashrate: U64 }),
  UpstreamStates: message(0xa5, {
    at: U64,
    upstreams: SEQ0_255(
      STRUCT({
        name: STR0_255,
        is_used: U8,
        state: U8,
        since: U64,
        why: STR0_255,
        failed_at: U64,
        failure: STR0_255,
      }),
    ),
  }),
  TemplateReceived: message(0xb0, {
    at: U64,
    template_id: U64,
    height: U32,
    prev_hash: U256,
    version: U32,
    nbits: U32,
    target: U256,
    value_sat: U64,
    merkle_depth: U8,
    job_delay_us: U32,
  }),
  BlockFound: message(0xb1, {
    at: U64,
    block_hash: U256,
    downstream_id: U32,
    channel_id: U32,
    worker: STR0_255,
  }),
  ChainTip: message(0xc0, { at: U64, block_hash: U256, height: U32 }),
  BlockInChain: message(0xc1, { at: U64, block_hash: U256, height: U32, confirmations: U32, value_sat: U64 }),
  BlockConfirmed: message(0xc2, {
    at: U64,
    block_hash: U256,
    height: U32,
    confirmations: U32,
    value_sat: U64,
  }),
  BlockOrphaned: message(0xc3, { at: U64, block_hash: U256, height: U32 }),
  LedgerSums: message(0xc4, {
    at: U64,
    quotes: U64,
    ehash_total: U128,
    ehash_waiting: U128,
    ehash_issued: U128,
  }),
  EpochState: message(0xc5, {
    at: U64,
    unit: STR0_255,
    state: U8,
    opened_height: U32,
    closed_height: U32,
    due_height: U32,
    redeemable_height: U32,
    end_height: U32,
    fee_ppm: U32,
    minimum_difficulty: U8,
    quotes: U64,
    work: U128,
    issued: U128,
    outstanding: U128,
    gifts_sat: U64,
    reward_sat: U64,
    is_priced: U8,
    payable_sat: U64,
    redeemed: U128,
    redeemed_sat: U64,
    dust_sat: U64,
    auto_paid: U128,
    auto_paid_sat: U64,
  }),
  SatSums: message(0xc6, {
    at: U64,
    owed_sat: U64,
    owed_ehash: U64,
    is_reserve_known: U8,
    reserve_sat: U64,
    fees_sat: U64,
    dust_sat: U64,
    expired_sat: U64,
    carried_sat: U64,
    coinbase_balances: U32,
    coinbase_sat: U64,
  }),
  ReportSums: message(0xc7, {
    at: U64,
    number: U32,
    height: U32,
    due: U32,
    failed: U64,
    samples_due: U32,
    proven_sat: U64,
  }),
  DeclarationSums: message(0xd0, {
    at: U64,
    clients: U32,
    tokens: U64,
    declared: U64,
    solutions: U64,
    refused: SEQ0_255(STRUCT({ reason: STR0_255, count: U64 })),
  }),
  OwnJobSums: message(0xd1, {
    at: U64,
    pools: SEQ0_255(STRUCT({ name: STR0_255, is_used: U8, state: U8, why: STR0_255 })),
    made: U64,
    accepted: U64,
    refused: SEQ0_255(STRUCT({ reason: STR0_255, count: U64 })),
    shares_accepted: U64,
    shares_refused: U64,
    shares_lost: U64,
    shares_waiting: U32,
    blocks: U64,
    blocks_unseen: U32,
  }),
});

export const statsProtocol = defineProtocol('stats', [statsMessages]);

export type StatsMessage = ProtocolMessage<typeof statsProtocol>;
export type StatsMessageOf<N extends StatsMessage['name']> = Extract<StatsMessage, { name: N }>;
export type OpenStats = StatsMessageOf<'OpenStats'>;
export type ProcessHealth = StatsMessageOf<'ProcessHealth'>;

/** How a link of a role stands, in the order of ProcessHealth.links', UpstreamStates' and OwnJobSums' `state`. */
export const LINK_STATES = ['ok', 'failing', 'unknown'] as const;
export type LinkState = (typeof LINK_STATES)[number];

/**
 * How an epoch stands, in the order of EpochState's `state`. `unproven`: whether its block is the pool's is not known;
 * `merged`: it is stranded, and shares another epoch's reward; the rest as for its holders.
 */
export const EPOCH_STATES = ['unproven', ...HOLDER_STATES, 'merged'] as const;
export type EpochState = (typeof EPOCH_STATES)[number];

/** Kinds of channel, in the order of ChannelOpened.kind. */
export const CHANNEL_KINDS = ['standard', 'extended'] as const;

/** Cuts a text to what a field of a message may hold, 252 bytes of UTF-8. */
export function fieldText(text: string): string {
  const bytes = encoder.encode(text);
  if (bytes.length <= MAX_TEXT_BYTES) return text;
  // A character that is cut through is left out.
  return decoder.decode(bytes.subarray(0, MAX_TEXT_BYTES)).replace(/\uFFFD+$/, '');
}

const MAX_TEXT_BYTES = 252;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
