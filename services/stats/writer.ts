import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import { freeSpace } from './health/probes/machine.ts';
import type { EventLog } from './live/events.ts';
import type { Recorder } from './live/recorder.ts';
import type { Sources } from './live/sources.ts';
import type { Batch } from './store/batch.ts';
import type { StatsWriter } from './store/store.ts';

const INTERVAL_MS = 2_000;
const PRUNE_MS = 600_000;

export interface WriterParts {
  readonly store: StatsWriter;
  readonly recorder: Recorder;
  readonly sources: Sources;
  readonly events: EventLog;
  readonly log: Logger;
  /** Unix ms. */
  readonly clock: () => number;
  readonly disk: { readonly folder: string; readonly pauseBytes: number };
}

/**
 * Writes what was recorded every two seconds, and forgets what is old. Where nothing can be written it goes on
 * gathering, as far as there is room, and what is stored stays.
 */
export class Writer {
  readonly #parts: WriterParts;
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> | undefined;
  /** Not written yet, since the last attempt failed. */
  #failed: Batch | undefined;
  #trouble: string | undefined;
  #prunedAt = 0;
  #lostAt: number | undefined;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.flush(), INTERVAL_MS);
  }

  /** Why nothing is written, in words; undefined while it is. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** End of the last gap that was written in this run, Unix ms. */
  get lostAt(): number | undefined {
    return this.#lostAt;
  }

  /** Writes what is there now; never rejects. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.flush();
  }

  async #write(): Promise<void> {
    const { store, recorder, sources, clock, disk } = this.#parts;
    try {
      const free = await freeSpace(disk.folder);
      if (free < disk.pauseBytes)
        throw new Error(`only ${Math.floor(free / 1024 ** 2)} MiB of the disk are free`);
      if (this.#failed) await this.#store(this.#failed);
      await this.#store(recorder.take(sources.marks));
      if (clock() - this.#prunedAt > PRUNE_MS) {
        this.#prunedAt = clock();
        await store.call('prune', clock());
      }
      this.#tell(undefined);
    } catch (error) {
      this.#tell(messageOf(error));
    }
  }

  async #store(batch: Batch): Promise<void> {
    this.#failed = batch;
    await this.#parts.store.call('write', batch);
    this.#failed = undefined;
    this.#lostAt = batch.lostAt ?? this.#lostAt;
    this.#parts.sources.written(batch.sources);
  }

  #tell(trouble: string | undefined): void {
    const { log, events } = this.#parts;
    const before = this.#trouble;
    this.#trouble = trouble;
    if ((before === undefined) === (trouble === undefined)) return;
    if (trouble === undefined) {
      log.info('recording goes on');
      events.add({
        kind: 'recording-again',
        severity: 'info',
        subject: 'storage',
        text: 'Recording goes on',
      });
      return;
    }
    const text = `Nothing is recorded: ${trouble}`;
    log.error({ alert: 'recording-paused' }, text);
    events.add({ kind: 'recording-paused', severity: 'critical', subject: 'storage', text });
  }
}
