import { COINBASE_SCRIPT_LIMIT } from '../../protocols/bitcoin/coinbase.ts';
import { ByteReader } from '../../protocols/bitcoin/compact-size.ts';
import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import { decodeOutputs, encodeOutputs, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { heightOf } from '../../protocols/bitcoin/script.ts';
import { blockSubsidy } from '../../protocols/bitcoin/subsidy.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import { NO_JOB, type TokenTerms } from '../../protocols/sv2/mining-job-token.ts';
import type { Tip } from '../jobs/extended-job.ts';
import { MAX_TIME_AHEAD } from '../shares/validate-share.ts';
import { type CustomJob, customJobDigest, firstDifference } from './custom-job.ts';
import { poolPayout } from './payout.ts';

export type SetCustomMiningJob = Extract<MiningMessage, { name: 'SetCustomMiningJob' }>;

/**
 * Seconds by which a job may be older than the tip as the pool's node told it: nodes learn of a tip at different times and
 * tell their own clock's, a pool that was started again a later one. The chain's own bound, the median of eleven blocks, is
 * further back.
 */
const MAX_TIME_BEHIND = 1800;

export interface CustomJobRules {
  readonly network: NetworkName;
  readonly rewardScript: Uint8Array;
  /** Whether jobs are taken whose transactions nobody has seen. */
  readonly isCoinbaseOnlyTaken: boolean;
  /** Of the block to be made, as the pool's own job has it. */
  readonly height: number | undefined;
  /** Bytes of the channel's full extranonce. */
  readonly extranonceBytes: number;
  /** Unix seconds. */
  readonly now: number;
}

/** Lower ones no node takes (BIP34, 66, 65). */
const LEAST_VERSION = 4;
/** No block has more than 2^15 transactions: each has 60 bytes at least, of 4,000,000 units of weight. */
const LONGEST_PATH = 15;
/** A locktime below is a height, others are times. */
const FIRST_TIME = 500_000_000;
const FINAL = 0xffff_ffff;

/** What the message says of the job, for its digest. */
export function customJobOf(message: SetCustomMiningJob): CustomJob {
  return {
    version: message.version,
    prevHashLe: message.prev_hash,
    bits: message.nbits,
    coinbaseVersion: message.coinbase_tx_version,
    coinbasePrefix: message.coinbase_prefix,
    sequence: message.coinbase_tx_input_nSequence,
    outputs: message.coinbase_tx_outputs,
    locktime: message.coinbase_tx_locktime,
    merklePath: message.merkle_path,
  };
}

/**
 * Judges a job that a client made, on the pool's tip, with a token whose signature holds.
 * @returns the job's digest, see {@link customJobDigest}
 * @throws HashpoolError with a code of SetCustomMiningJob.Error
 */
export function judgeCustomJob(
  message: SetCustomMiningJob,
  terms: Pick<TokenTerms, 'job'>,
  tip: Tip,
  rules: CustomJobRules,
): Uint8Array {
  if (message.nbits !== tip.nbits) throw refusal('invalid-nbits', 'nbits is not what the chain asks for');
  const { min_ntime: time } = message;
  if (time < tip.minNtime - MAX_TIME_BEHIND || time > rules.now + MAX_TIME_AHEAD)
    throw refusal('invalid-min-ntime', `min_ntime ${time} is no time for a block on this tip`);
  // As the header has it, the version is signed.
  if ((message.version | 0) < LEAST_VERSION)
    throw refusal('invalid-version', `no node takes a block of version ${message.version | 0}`);
  if (message.merkle_path.length > LONGEST_PATH)
    throw refusal('invalid-merkle-path', `no block has a merkle path of ${message.merkle_path.length} steps`);
  const height = heightOf(message.coinbase_prefix);
  if (height === undefined || height !== rules.height)
    throw refusal('invalid-coinbase-prefix', "coinbase_prefix does not begin with the block's height");
  const scriptLength = message.coinbase_prefix.length + rules.extranonceBytes;
  if (scriptLength > COINBASE_SCRIPT_LIMIT)
    throw refusal(
      'invalid-coinbase-tx',
      `the coinbase's script has ${scriptLength} bytes with its extranonce, more than ${COINBASE_SCRIPT_LIMIT}`,
    );
  const { coinbase_tx_locktime: locktime, coinbase_tx_input_nSequence: sequence } = message;
  if (sequence !== FINAL && locktime >= (locktime < FIRST_TIME ? height : tip.minNtime))
    throw refusal('invalid-coinbase-tx-locktime', `the coinbase is locked until ${locktime}`);
  const paid = poolPayout(readOutputs(message.coinbase_tx_outputs), rules.rewardScript);
  const digest = customJobDigest(customJobOf(message));
  if (equalBytes(terms.job, digest)) return digest;
  if (!equalBytes(terms.job, NO_JOB))
    throw refusal(
      firstDifference(terms.job, digest) ?? 'invalid-mining-job-token',
      'the job is not the one that was declared for this token: send it as it was declared',
    );
  if (!rules.isCoinbaseOnlyTaken)
    throw refusal(
      'job-not-yet-validated',
      "the token's job was not declared: use the one of DeclareMiningJob.Success",
    );
  if (paid < blockSubsidy(height, rules.network))
    throw refusal('invalid-coinbase-tx-outputs', 'the coinbase pays the pool less than the subsidy');
  return digest;
}

function readOutputs(bytes: Uint8Array): TransactionOutput[] {
  const reader = new ByteReader(bytes, 'coinbase_tx_outputs');
  try {
    const count = reader.compactSize();
    const outputs = decodeOutputs(bytes.subarray(reader.offset), count);
    reader.take(encodeOutputs(outputs).length);
    if (reader.offset === bytes.length) return outputs;
  } catch (cause) {
    throw new HashpoolError('invalid-coinbase-tx-outputs', 'coinbase_tx_outputs ends too early', { cause });
  }
  throw refusal('invalid-coinbase-tx-outputs', 'coinbase_tx_outputs has bytes behind its last output');
}

const refusal = (code: string, words: string) => new HashpoolError(code, words);
