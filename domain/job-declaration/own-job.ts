import { type CoinbaseParts, coinbaseParts, witnessParts } from '../../protocols/bitcoin/coinbase.ts';
import { encodeOutputs, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { sigopCost } from '../../protocols/bitcoin/sigops.ts';
import { concatBytes, u32Le } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { JobDeclarationMessage } from '../../protocols/sv2/job-declaration.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import { coinbaseTag, type NewTemplate } from '../jobs/pool-coinbase.ts';
import type { TemplatePrevHash } from '../jobs/pool-work.ts';

export type SetJob = Omit<Extract<MiningMessage, { name: 'SetCustomMiningJob' }>, 'name' | 'channel_id'>;
export type Declaration = Extract<JobDeclarationMessage, { name: 'DeclareMiningJob' }>;

/** Version, one input and its outpoint, and the script's length stand before the script. */
const SCRIPT_AT = 42;
const NUMBER_BYTES = 4;
const FIELD_BYTES = 4;

/** What a job of one's own is made of, beside the template. */
export interface OwnJobTerms {
  /** The outputs that come with a token; the first is paid all that the template leaves. */
  readonly outputs: readonly TransactionOutput[];
  /** The miner's name. */
  readonly signature: string;
  /** Bytes of the full extranonce at the pool: its prefix and what can be rolled. */
  readonly extranonceBytes: number;
  /** Seconds by which the job is to be later than its tip: 0, unless a pool finds that too early. */
  readonly tipAge: number;
}

/**
 * A job that a miner makes of a template of its own node. Its script ends in one push:
 *
 *     [ template's prefix ][ push "Sv2/<signature>//" ][ push: job's number 4, full extranonce ]
 *
 * The number makes each job a search space of its own: with another target, the same template is another job to the pool.
 */
export interface OwnJob {
  readonly number: number;
  readonly template: NewTemplate;
  readonly tip: TemplatePrevHash;
  /** The earliest time of its shares, unix seconds. */
  readonly minNtime: number;
  /** The stripped coinbase, cut around the full extranonce. */
  readonly coinbase: CoinbaseParts;
}

/**
 * @throws HashpoolError 'coinbase-script-too-long' where the signature leaves no room, 'coinbase-sum' where outputs want more
 *   than the template leaves
 */
export function ownJob(
  number: number,
  template: NewTemplate,
  tip: TemplatePrevHash,
  { outputs, signature, extranonceBytes, tipAge }: OwnJobTerms,
): OwnJob {
  const { prefix, suffix } = coinbaseParts({
    version: template.coinbase_tx_version,
    scriptPrefix: template.coinbase_prefix,
    tag: coinbaseTag(signature, ''),
    extranonceLength: NUMBER_BYTES + extranonceBytes,
    sequence: template.coinbase_tx_input_sequence,
    outputs: paying(outputs, template.coinbase_tx_value_remaining),
    templateOutputs: template.coinbase_tx_outputs,
    templateOutputsCount: template.coinbase_tx_outputs_count,
    locktime: template.coinbase_tx_locktime,
  });
  const minNtime = tip.header_timestamp + tipAge;
  return {
    number,
    template,
    tip,
    minNtime,
    coinbase: { prefix: concatBytes(prefix, u32Le(number)), suffix },
  };
}

/** Room that outputs ask of a template: bytes, and sigops as the block limit counts them. */
export function outputConstraints(outputs: readonly TransactionOutput[]) {
  return {
    maxAdditionalSize: encodeOutputs(outputs).length,
    maxAdditionalSigops: outputs.reduce((sum, { script }) => sum + sigopCost(script), 0),
  };
}

/** The job as the pool is to mine it (Stratum V2, 5.3.18). */
export function setJobOf(
  { template, tip, minNtime, coinbase: { prefix, suffix } }: OwnJob,
  request_id: number,
  mining_job_token: Uint8Array,
): SetJob {
  return {
    request_id,
    mining_job_token,
    version: template.version,
    prev_hash: tip.prev_hash,
    min_ntime: minNtime,
    nbits: tip.nBits,
    coinbase_tx_version: template.coinbase_tx_version,
    coinbase_prefix: prefix.subarray(SCRIPT_AT),
    coinbase_tx_input_nSequence: template.coinbase_tx_input_sequence,
    coinbase_tx_outputs: suffix.subarray(FIELD_BYTES, -FIELD_BYTES),
    coinbase_tx_locktime: template.coinbase_tx_locktime,
    merkle_path: template.merkle_path,
  };
}

/**
 * The job as the jd-server is to look at it (Stratum V2, 6.4.5).
 * @param wtxid_list of the template's transactions in block order, header byte order
 */
export function declarationOf(
  { template, coinbase }: OwnJob,
  request_id: number,
  mining_job_token: Uint8Array,
  wtxid_list: readonly Uint8Array[],
): Declaration {
  // Without a witness commitment, which is the template's only output, a coinbase must not have a witness.
  const { prefix, suffix } = template.coinbase_tx_outputs_count > 0 ? witnessParts(coinbase) : coinbase;
  return {
    name: 'DeclareMiningJob',
    request_id,
    mining_job_token,
    version: template.version,
    coinbase_tx_prefix: prefix,
    coinbase_tx_suffix: suffix,
    wtxid_list,
    excess_data: new Uint8Array(0),
  };
}

/** All that is left goes to the first output. */
function paying(outputs: readonly TransactionOutput[], value: bigint): TransactionOutput[] {
  const others = outputs.slice(1).reduce((sum, output) => sum + output.value, 0n);
  const [first, ...rest] = outputs;
  if (!first || others > value)
    throw new HashpoolError('coinbase-sum', `outputs for ${others} sat do not fit into ${value} sat`);
  return [{ ...first, value: value - others }, ...rest];
}
