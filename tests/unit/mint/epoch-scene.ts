import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { encodeHeader } from '../../../protocols/bitcoin/header.ts';
import { meetsPower } from '../../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex } from '../../../protocols/bytes.ts';
import type { WorkRecord } from '../../../protocols/ehash/work-record.ts';
import type { KnownParent } from '../../../roles/mint/chain/chain-view.ts';
import { ChainWatcher } from '../../../roles/mint/chain/watcher.ts';
import type { Quote } from '../../../roles/mint/engine.ts';
import { EpochKeeper } from '../../../roles/mint/epoch-keeper.ts';
import { Losses } from '../../../roles/mint/losses.ts';
import type { EpochTerms } from '../../../roles/mint/store/epochs.ts';
import { askMerge } from '../../../roles/mint/store/merging.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { WorkIntake } from '../../../roles/mint/work-intake/intake.ts';
import { Stamper } from '../../../roles/mint/work-intake/stamper.ts';
import { WaitingRoom } from '../../../roles/mint/work-intake/waiting-work.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { inTransaction, type Row } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { auditEpochs } from '../../harness/epoch-audit.ts';
import { ScriptedChain } from './scripted-chain.ts';
import { openTestMint } from './support.ts';

/** The pool's. */
export const SCRIPT = fromHex('0014751e76e8199196d454941c45d1b3a323f1433bd6');
const ELSEWHERE = fromHex('51');
const LOOK_AGAIN_MS = 3_600_000;
/** At which the pool's first epoch opens. */
export const FIRST = 101;
/** What a block pays in all. */
export const REWARD = 50n;

/**
 * A mint of one pool on a scripted chain, with work intake and epochs: what bitcoind and the work link would bring is
 * brought by the test.
 * @param confirmations make a boundary final
 * @param windowBlocks in which the first epoch can be redeemed; a year unless told
 */
export async function epochScene(
  t: TestContext,
  {
    confirmations = 3,
    ...options
  }: { confirmations?: number; journalFolder?: string; place?: string; windowBlocks?: number } = {},
) {
  const mint = await openTestMint(t, FIRST, options);
  const { engine, poolId, curve } = mint;
  const { hash } = await loadCrypto();
  const chain = new ScriptedChain('regtest', FIRST);
  const logged: { alert?: string; msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const pool = { poolId, script: SCRIPT, issuerKeys: [], serverIds: [1], workPerHour: 1n << 200n, feePpm: 0 };
  const pools = [pool];
  let terms: EpochTerms = { policy: 'target', minimumDifficulty: 0, feePpm: 0, windowBlocks: 1000 };
  const losses = await Losses.open(engine, log);
  const keeper = new EpochKeeper({ engine, pools, terms: () => terms, confirmations, losses, log });
  const onFollowed = () => keeper.arrange();
  const { store } = engine;
  const watcher = await ChainWatcher.open({
    ...{ chain, store, pools, confirmations, onFollowed, log },
    lookAgainMs: LOOK_AGAIN_MS,
  });
  t.after(() => watcher.close());
  const follow = () => watcher.follow();
  const stamps = new Stamper({ store, epochs: engine.epochs, chain, pools, confirmations, follow });
  engine.events.on('keysets-changed', () => stamps.forget());
  const parent = async (hashBe: string): Promise<KnownParent | undefined> => chain.parent(hashBe);
  const view = { network: 'regtest' as const, parent };
  const clock = () => 1_800_000_000_000;
  const workPerHour = new Map([[toHex(poolId), pool.workPerHour]]);
  const judging = { engine, chain: view, stamps, losses, clock, log };
  const waiting = new WaitingRoom(judging);
  const intake = new WorkIntake({ ...judging, hash, waiting, workPerHour });
  const secretKey = randomBytes(32);
  const key = curve.publicKey(secretKey);
  function provenOn(prevHashLe: Uint8Array, k: number): Uint8Array {
    for (;;) {
      const header = headerOn(prevHashLe);
      if (meetsPower(hash.sha256d(header), k)) return header;
    }
  }

  const scene = {
    mint,
    engine,
    chain,
    watcher,
    keeper,
    waiting,
    alerts: () => logged.flatMap(({ alert }) => alert ?? []),
    setTerms: (changed: Partial<EpochTerms>) => {
      terms = { ...terms, ...changed };
    },
    /** Follows the chain, and looks at what waits. */
    async follow(): Promise<void> {
      await watcher.follow();
      assert.equal(watcher.trouble, '');
      await waiting.recheck();
    },
    /** Mines a block that pays the pool's script. @returns its hash in header order */
    pays: (value = REWARD): Uint8Array =>
      chain.mine(1, [
        { value, script: SCRIPT },
        { value: REWARD - value, script: ELSEWHERE },
      ]),
    /** An outbox of the pool. */
    outbox() {
      const outboxId = randomBytes(16);
      let seq = 1n;
      async function take(record: WorkRecord): Promise<Quote> {
        const taken = await intake.take(poolId, outboxId, seq, [record]);
        assert.deepEqual(taken.refusals, []);
        assert.equal(taken.storedSeq, seq++);
        const quote = await engine.quoteByShare(hash.sha256d(record.header));
        assert.ok(quote);
        return quote;
      }
      return {
        /** Delivers the block's own share. */
        block: (hashLe: Uint8Array): Promise<Quote> =>
          take({ header: fromHex(chain.headerOf(toHex(reversed(hashLe)))), k: 0, key }),
        /** Delivers a share of 2^k hashes on a block. @param owner the key that it was mined for, one of the scene's own unless given */
        share: (prevHashLe: Uint8Array, k = 0, owner = key): Promise<Quote> =>
          take({ header: provenOn(prevHashLe, k), k, key: owner }),
      };
    },
    /** The first blocks after the first epoch's own: one that pays somebody else, and x, a boundary, which an outbox delivers. */
    async boundaryAt103() {
      const outbox = scene.outbox();
      chain.mine();
      const x = scene.pays();
      await outbox.block(x);
      return { outbox, x };
    },
    /** A quote as it stands. */
    async again({ name }: Quote): Promise<Quote> {
      const [quote] = await engine.quotes([name]);
      assert.ok(quote);
      return quote;
    },
    /** Mints a quote. @param keysetId its unit's unless given */
    async issue(quote: Quote, keysetId?: string): Promise<void> {
      const epoch = await store.call('epochByUnit', quote.unit);
      const outputs = [mint.blind(quote.exponent, keysetId ?? epoch?.keysetId)];
      const signatures = [mint.sign(quote.name, outputs, secretKey)];
      await engine.mint({ quotes: [quote.name], outputs, signatures });
    },
    /** The pool's epochs as `height standing`, with `final` and what closes them; those whose price is fixed are left out. */
    async epochs(): Promise<string[]> {
      const rows = await store.call('epochsBefore', { poolId, height: 1_000_000, limit: 100 });
      return rows.reverse().map(({ openedHeight, standing, isFinal, closing }) => {
        const end = closing ? ` closed ${closing.height} ${closing.reward}` : '';
        return `${openedHeight} ${standing}${isFinal ? ' final' : ''}${end}`;
      });
    },
    /** The unit of the epoch that opened at a height. */
    unit: (height: number) => `hash_${toHex(poolId)}_${height}`,
    /** As an operator does, of the epochs that opened at two heights. */
    async askMerge(lostHeight: number, heirHeight: number): Promise<void> {
      const [lost, heir] = await Promise.all(
        [lostHeight, heirHeight].map((height) => store.call('epochByUnit', scene.unit(height))),
      );
      assert.ok(lost && heir);
      const db = openPlace(mint.path, schema);
      try {
        inTransaction(db, () => askMerge(db, { lost, heir, reason: 'a test', now: 1 }));
      } finally {
        db.close();
      }
    },
    audit: () => assert.deepEqual(auditEpochs(mint.path), []),
  };
  await scene.follow();
  return scene;
}

/** Rows of a mint's database. */
export function readRows(place: string, sql: string): Row[] {
  const db = openPlace(place, schema, { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

function headerOn(prevHashLe: Uint8Array): Uint8Array {
  const [merkleRootLe, nonce] = [randomBytes(32), 0];
  return encodeHeader({ version: 4, prevHashLe, merkleRootLe, time: 1_800_000_000, bits: 0x207fffff, nonce });
}
