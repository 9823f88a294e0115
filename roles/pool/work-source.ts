import { randomInt } from 'node:crypto';
import { AskedRoom } from '../../domain/jobs/asked-room.ts';
import type { LiveJob } from '../../domain/jobs/extended-job.ts';
import { NO_ROOM, roomOf } from '../../domain/jobs/payouts.ts';
import type { PoolCoinbase } from '../../domain/jobs/pool-coinbase.ts';
import { PoolWork } from '../../domain/jobs/pool-work.ts';
import type { SeenShares } from '../../domain/shares/seen-shares.ts';
import { equalBytes, reversed, toHex } from '../../protocols/bytes.ts';
import type { CoinbasePayouts, Terms } from '../../protocols/ehash/work-link.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import type { NewTemplate, SetNewPrevHash } from '../../services/template-client/client.ts';
import { WorkFeed } from './work-feed.ts';

export interface WorkSourceOptions {
  /** The coinbase but for the keyset, which the terms name. */
  readonly coinbase: Omit<PoolCoinbase, 'keysetId'>;
  /** What the templates leave for payouts; left out, nothing. */
  readonly room?: AskedRoom;
  /** Another room is to be asked for. */
  onRoom?(): void;
  readonly log: Log;
  /** Shares that are known on a prev hash. */
  seenOn(prevHashLe: Uint8Array): Promise<SeenShares>;
}

/** Brings together the mint's terms and the template provider's templates, and makes the server's work of them. */
export class WorkSource extends WorkFeed {
  readonly #options: WorkSourceOptions;
  readonly #work = new PoolWork(randomInt(1, 2 ** 32));
  #signature: string;
  readonly #room: AskedRoom;
  #payouts: CoinbasePayouts | undefined;

  constructor(options: WorkSourceOptions) {
    super(options.log);
    this.#options = options;
    this.#room = options.room ?? new AskedRoom(NO_ROOM);
    this.#signature = options.coinbase.signature;
  }

  get hasWork(): boolean {
    return this.#work.current !== undefined;
  }

  /** See {@link PoolWork.renew}. */
  renew(jobId: number): LiveJob | undefined {
    return this.#work.renew(jobId);
  }

  /** From the next job on, coinbases have these names: the pool's, and its miners' up to that length. */
  rename(signature: string, minerTagLength: number): void {
    this.enqueue('the names in the coinbase', () => {
      this.#signature = signature;
      this.server?.setMinerTagLength(minerTagLength);
      if (this.terms) this.followTerms(this.terms);
    });
  }

  takeTemplate(template: NewTemplate): void {
    const { granted: room } = this.#room;
    this.enqueue('a template', () => {
      if (template.future_template) {
        this.server?.announce(this.#work.addFuture(template, room));
        return;
      }
      const live = this.#work.addCurrent(template, room);
      if (live) this.server?.add(live);
    });
  }

  takePrevHash(message: SetNewPrevHash): void {
    const room = this.#room;
    const { asked } = room;
    const isFirst = room.isFirstTip();
    this.enqueue('a prev hash', async () => {
      const before = this.#work.current?.tip.prevHashLe;
      // A tip comes again as the answer to other constraints, unless it begins a connection.
      const isAgain = before !== undefined && equalBytes(before, message.prev_hash);
      const isAnswer = isAgain && !isFirst && asked === room.asked;
      const answered = isAnswer && room.answered() ? asked : undefined;
      const again = this.#work.setSameTip(message, answered);
      if (again) this.server?.add(again);
      else {
        const seen = await this.#options.seenOn(message.prev_hash);
        this.server?.activate(this.#work.setTip(message, seen, answered));
        this.#addPayouts();
      }
      this.isFresh();
      this.log.debug({ prev_hash: toHex(message.prev_hash) }, 'mining on a new tip');
    });
  }

  /** Whom the coinbases of jobs on one tip are to pay besides; as soon as templates leave room for it. */
  takePayouts(payouts: CoinbasePayouts): void {
    this.enqueue('payouts in the coinbase', () => {
      const { outputs, prevHashLe } = payouts;
      const before = this.#payouts;
      if (before?.id === payouts.id && equalBytes(before.prevHashLe, prevHashLe)) return;
      this.#payouts = payouts;
      const about = { payouts: String(payouts.id), outputs: outputs.length, on: toHex(reversed(prevHashLe)) };
      const level = before?.outputs.length === outputs.length ? 'debug' : 'info';
      this.log[level](about, `the next block pays ${outputs.length} balances of the mint`);
      this.#work.setPayouts(payouts);
      const isOther = this.#room.want(roomOf(outputs));
      this.#addPayouts();
      if (isOther) this.#options.onRoom?.();
    });
  }

  #addPayouts(): void {
    const live = this.#work.withPayouts();
    if (live) this.server?.add(live);
  }

  protected followTerms({ keysetId }: Terms): void {
    const live = this.#work.setCoinbase({
      ...this.#options.coinbase,
      signature: this.#signature,
      keysetId,
    });
    if (live) this.server?.add(live);
    for (const job of this.#work.announced) this.server?.announce(job);
  }

  protected followServerId(serverId: number): void {
    if (!this.server?.setServerId(serverId)) return;
    // Miners would go on in the old ones with a job that they had before.
    for (const job of this.#work.remakeFuture()) this.server.announce(job);
  }
}
