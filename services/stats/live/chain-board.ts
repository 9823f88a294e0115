import { leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import type { StatsMessageOf } from '../../../protocols/stats/messages.ts';
import type { Job, JobAnswer } from '../api/schemas/job.ts';
import type { BlockNews } from '../store/batch.ts';

/** Templates before the present one that are kept. */
const PREVIOUS = 20;
const HASHES_OF_DIFFICULTY_1 = 2 ** 32;

/** Blocks between two halvings of the subsidy. */
const HALVING: Readonly<Record<string, number>> = { regtest: 150 };
const HALVING_ELSEWHERE = 210_000;
const FIRST_SUBSIDY_SAT = 5_000_000_000n;

type Template = StatsMessageOf<'TemplateReceived'>;

/** The chain and the work on it, as pool and mint tell. */
export class ChainBoard {
  readonly #network: string;
  #job: Job | undefined;
  #previous: JobAnswer['previous'] = [];
  #hashesToBlock: number | undefined;
  #tip: { height: number; hash: string; since: number } | undefined;

  constructor(network: string) {
    this.#network = network;
  }

  get job(): Job | undefined {
    return this.#job;
  }

  /** Templates before it, the newest first. */
  get previous(): JobAnswer['previous'] {
    return this.#previous;
  }

  /** The tip as the mint's node has it. */
  get tip(): { readonly height: number; readonly hash: string; readonly since: number } | undefined {
    return this.#tip;
  }

  /** Hashes that a block takes on average. */
  get hashesToBlock(): number | undefined {
    return this.#hashesToBlock;
  }

  template(message: Template): void {
    const { template_id, height, version, nbits, value_sat, merkle_depth, job_delay_us } = message;
    const receivedAt = Number(message.at);
    const prevHash = toHex(reversed(message.prev_hash));
    const before = this.#job;
    if (before) {
      const { template_id, height, received_at, value_sat } = before;
      this.#previous = [{ template_id, height, received_at, value_sat }, ...this.#previous].slice(
        0,
        PREVIOUS,
      );
    }
    const hashes = 2 ** 256 / (Number(leBytesToTarget(message.target)) + 1);
    const subsidy = this.#subsidy(height);
    this.#hashesToBlock = hashes;
    this.#job = {
      template_id: String(template_id),
      received_at: receivedAt,
      height,
      prev_hash: prevHash,
      tip_since: before?.prev_hash === prevHash ? before.tip_since : receivedAt,
      version: version.toString(16).padStart(8, '0'),
      nbits: nbits.toString(16).padStart(8, '0'),
      difficulty: hashes / HASHES_OF_DIFFICULTY_1,
      value_sat: String(value_sat),
      subsidy_sat: String(subsidy),
      fees_sat: String(value_sat > subsidy ? value_sat - subsidy : 0n),
      merkle_depth,
      jobs_sent_ms: job_delay_us === 0 ? null : job_delay_us / 1000,
    };
  }

  chainTip({ at, block_hash, height }: StatsMessageOf<'ChainTip'>): void {
    const hash = toHex(reversed(block_hash));
    if (this.#tip?.hash !== hash) this.#tip = { height, hash, since: Number(at) };
  }

  #subsidy(height: number): bigint {
    const halvings = Math.floor(height / (HALVING[this.#network] ?? HALVING_ELSEWHERE));
    return halvings >= 64 ? 0n : FIRST_SUBSIDY_SAT >> BigInt(halvings);
  }
}

type BlockMessage = StatsMessageOf<'BlockInChain' | 'BlockConfirmed' | 'BlockOrphaned'>;

/** What the mint says of a block. */
export function blockNews(message: BlockMessage): BlockNews {
  const { at, height } = message;
  const news = { hash: toHex(reversed(message.block_hash)), foundAt: Number(at), height };
  if (message.name === 'BlockOrphaned') return { ...news, state: 'orphaned', confirmations: 0 };
  const { confirmations, value_sat: valueSat } = message;
  const state = message.name === 'BlockConfirmed' ? 'confirmed' : 'found';
  return { ...news, state, confirmations, valueSat };
}
