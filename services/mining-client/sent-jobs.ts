import { equalBytes } from '../../protocols/bytes.ts';
import type { ChannelMessage } from './channel.ts';
import { MAX_FUTURE_JOBS, type NewExtendedMiningJob, type SetNewPrevHash } from './job-board.ts';

/** Jobs that are known again when another channel is sent them. */
const MAX_KNOWN_JOBS = 64;

/**
 * The jobs that a pool sent over one connection. What it tells each of ten thousand channels when it opens is kept once;
 * and a group's job for a tip to come waits here, not at every channel, until a prev hash names it.
 */
export class SentJobs {
  /** By job id, oldest first. */
  readonly #known = new Map<number, NewExtendedMiningJob>();
  #prevHash: SetNewPrevHash | undefined;
  /** By group id, each oldest first. */
  readonly #future = new Map<number, readonly NewExtendedMiningJob[]>();

  /** @returns what told another channel the same, where there is such a message */
  same(message: ChannelMessage): ChannelMessage {
    if (message.name === 'NewExtendedMiningJob') return this.#sameJob(message);
    return message.name === 'SetNewPrevHash' ? this.#samePrevHash(message) : message;
  }

  /** True for a group's job that is for a tip to come, of which its channels need not hear before. */
  awaits(message: ChannelMessage, groupId: number): boolean {
    if (message.name !== 'NewExtendedMiningJob' || message.min_ntime !== null) return false;
    const others = this.future(groupId).filter(({ job_id }) => job_id !== message.job_id);
    this.#future.set(groupId, [...others, message].slice(-MAX_FUTURE_JOBS));
    return true;
  }

  /** A group's jobs for tips to come, oldest first. */
  future(groupId: number): readonly NewExtendedMiningJob[] {
    return this.#future.get(groupId) ?? [];
  }

  /** The group's job that a prev hash names; undefined for all other messages. */
  named(message: ChannelMessage, groupId: number): NewExtendedMiningJob | undefined {
    if (message.name !== 'SetNewPrevHash') return undefined;
    return this.future(groupId).find(({ job_id }) => job_id === message.job_id);
  }

  /** The tip came for which a group waited: its other jobs will never be mined. */
  forget(groupId: number): void {
    this.#future.delete(groupId);
  }

  #sameJob(message: NewExtendedMiningJob): NewExtendedMiningJob {
    const known = this.#known.get(message.job_id);
    if (known !== undefined && isSameJob(known, message)) return known;
    this.#known.delete(message.job_id);
    this.#known.set(message.job_id, message);
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > MAX_KNOWN_JOBS && oldest !== undefined) this.#known.delete(oldest);
    return message;
  }

  #samePrevHash(message: SetNewPrevHash): SetNewPrevHash {
    const known = this.#prevHash;
    if (known !== undefined && isSamePrevHash(known, message)) return known;
    this.#prevHash = message;
    return message;
  }
}

function isSameJob(a: NewExtendedMiningJob, b: NewExtendedMiningJob): boolean {
  const isSameKind = a.min_ntime === b.min_ntime && a.version_rolling_allowed === b.version_rolling_allowed;
  const isSamePath =
    a.merkle_path.length === b.merkle_path.length &&
    a.merkle_path.every((hash, i) => equalBytes(hash, b.merkle_path[i] ?? new Uint8Array(0)));
  return (
    isSameKind &&
    isSamePath &&
    a.version === b.version &&
    equalBytes(a.coinbase_tx_prefix, b.coinbase_tx_prefix) &&
    equalBytes(a.coinbase_tx_suffix, b.coinbase_tx_suffix)
  );
}

function isSamePrevHash(a: SetNewPrevHash, b: SetNewPrevHash): boolean {
  const isSame = a.job_id === b.job_id && a.min_ntime === b.min_ntime && a.nbits === b.nbits;
  return isSame && equalBytes(a.prev_hash, b.prev_hash);
}
