import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../../protocols/bytes.ts';
import { readReport, writeReport } from '../../../protocols/ehash/report.ts';
import { reportHash } from '../../../protocols/ehash/report-hash.ts';
import { reserveMessage, reserveText } from '../../../protocols/ehash/reserve.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { Rounds } from '../../../runtime/rounds.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { Engine } from '../engine.ts';
import type { PaymentBackend } from '../payments/backend.ts';
import { type Pool, poolOf } from '../pools.ts';
import type { Horizon, PricedEpoch, ReportFigures } from '../store/reports.ts';
import { composeReport, type ReportParts } from './compose.ts';
import type { TreeOperations } from './tree-store.ts';
import type { RootedTree } from './trees.ts';

/** Blocks after which the books are reported though no price was fixed, where anything was signed or spent. */
const STATE_BLOCKS = 144;
/** Rewards in one report; epochs that share one are never parted, since a reader divides it among them. */
const MOST_REWARDS = 16;
/** How often it is looked for prices without a report. */
const INTERVAL_MS = 5_000;
/**
 * Other processes of the mint may have numbered rows that they commit after higher ones: by then they have, or have been
 * given up. No transaction of a mint takes a second.
 */
const SETTLE_MS = 5_000;

export interface ReporterParts {
  readonly engine: Engine;
  readonly trees: Store<TreeOperations>;
  readonly pools: readonly Pool[];
  readonly backends: readonly Pick<PaymentBackend, 'proveFunds'>[];
  /** The chain's tip, undefined while the node cannot be asked. */
  readonly tip: () => ReportParts['tip'] | undefined;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly intervalMs?: number;
}

/**
 * Signs a report whenever prices were fixed, and where none is for a day of blocks, on how the books stand. Proves for the
 * last one that the backends have their keys.
 *
 *     R1  a report is signed                      killed after it: nobody was shown it, and another one is made
 *     R2  one transaction: the report, its trees  killed after it: the next one names it
 *     R3  proofs of the reserve are kept          killed before it: they are made again, and each is kept once
 */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #rounds: Rounds;
  readonly #proofs: Rounds;
  readonly #stop = new AbortController();
  /** The last report for which the reserve was proven. */
  #proven = 0;
  #failed = 0;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#run(), {
      everyMs: parts.intervalMs ?? INTERVAL_MS,
      onTrouble: (err, trouble) =>
        parts.log.error({ err, alert: 'no-report' }, `no report was made, it is tried again: ${trouble}`),
    });
    this.#proofs = new Rounds(() => this.#proveReserve(), {
      onTrouble: (err, trouble) =>
        parts.log.error(
          { err, alert: 'no-reserve-proof' },
          `the report stands without a proof of its reserve, which is tried again: ${trouble}`,
        ),
    });
    parts.engine.events.on('keysets-changed', () => void this.run());
    void this.run();
  }

  /** How the reports stand, and how many tries at one came to nothing. @throws where the store does not answer */
  async figures(): Promise<ReportFigures & { readonly height: number; readonly failed: number }> {
    const { store } = this.#parts.engine;
    const figures = await store.call('reportFigures', null);
    const last = await store.call('lastReport', null);
    return { ...figures, height: last ? readReport(last.body).chain.height : 0, failed: this.#failed };
  }

  /** Makes the reports that are due. Never rejects. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#rounds.close(), this.#proofs.close()]);
  }

  async #run(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    try {
      while (await this.#reportNext());
    } catch (error) {
      // Another process of the mint has made it.
      if (isHashpoolError(error, 'report-made')) return;
      this.#failed++;
      throw error;
    }
    await this.#proofs.run();
  }

  /** @returns whether there was anything to report */
  async #reportNext(): Promise<boolean> {
    const { engine, tip } = this.#parts;
    const at = tip();
    if (!at || this.#stop.signal.aborted) return false;
    const due = await engine.store.call('unreported', MOST_REWARDS);
    if (due.length === 0 && !(await this.#isStale(at.height))) return false;
    await this.#report(due, at);
    return true;
  }

  async #isStale(height: number): Promise<boolean> {
    const { store } = this.#parts.engine;
    const last = await store.call('lastReport', null);
    if (!last || readReport(last.body).chain.height + STATE_BLOCKS > height) return false;
    const { horizon } = await store.call('booksNow', []);
    return horizon.signature > last.horizon.signature || horizon.spent > last.horizon.spent;
  }

  /** Once for each report; a wallet that is away or locked is asked again. */
  async #proveReserve(): Promise<void> {
    const { engine, backends } = this.#parts;
    const last = await engine.store.call('lastReport', null);
    if (!last || last.number === this.#proven) return;
    for (const backend of backends) {
      const proof = await backend.proveFunds?.(reserveMessage(toHex(last.hash)));
      if (!proof) continue;
      await engine.store.call('addReserveProof', { number: last.number, body: reserveText(proof) });
    }
    this.#proven = last.number;
  }

  async #report(due: readonly PricedEpoch[], tip: ReportParts['tip']): Promise<void> {
    const { engine, trees, pools, log } = this.#parts;
    const { store, signer } = engine;
    const before = await store.call('lastReport', null);
    const epochs = due.map(({ epoch }) => epoch.epoch);
    const books = await store.call('booksNow', epochs);
    if (engine.isShared) await delay(SETTLE_MS, undefined, { signal: this.#stop.signal });
    const shares = await Promise.all(epochs.map((epoch) => trees.call('sharesTree', epoch)));
    const after: Horizon = before?.horizon ?? { signature: 0, spent: 0 };
    const tokens = await trees.call('grownTrees', { after, upTo: books.horizon });
    const content = composeReport({
      mint: signer.identity,
      before,
      tip,
      epochs: due.map((priced, i) => ({ priced, shares: shares[i]?.root })),
      keysets: await this.#keysets(tokens, before?.number ?? 0),
      books,
      scriptOf: (poolId) => poolOf(pools, poolId)?.script,
    });
    const body = writeReport(content);
    const { number } = content;
    const signature = await signer.signReport(body);
    faultPoint('report-signed');
    await store.call('addReport', {
      number,
      hash: reportHash(body),
      body,
      signature,
      horizon: books.horizon,
      epochs,
      trees: [...shares.flatMap((tree) => tree ?? []), ...tokens],
      redeemed: books.redeemed,
    });
    faultPoint('report-stored');
    const units = due.map(({ epoch }) => epoch.unit);
    log.info({ report: number, units }, `report ${number} of the books is signed: ${units.length} prices`);
  }

  /** The keysets of which something was signed or spent, with both their trees. */
  async #keysets(grown: readonly RootedTree[], before: number): Promise<ReportParts['keysets']> {
    const { engine, trees } = this.#parts;
    const owners = [...new Set(grown.map(({ owner }) => owner))].sort((a, b) => a - b);
    const names = await engine.store.call('keysetNames', owners);
    const rootOf = async (kind: 'issued' | 'spent', owner: number) => {
      const tree = grown.find((each) => each.kind === kind && each.owner === owner);
      return tree?.root ?? (await trees.call('treeRoot', { name: { kind, owner }, report: before }));
    };
    return Promise.all(
      names.map(async (name, i) => {
        const owner = owners[i] ?? 0;
        const [issued, spent] = await Promise.all([rootOf('issued', owner), rootOf('spent', owner)]);
        return { ...name, issued, spent };
      }),
    );
  }
}
