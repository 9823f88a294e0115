import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MintOperationError, type Proof } from '@cashu/cashu-ts';
import { databaseFiles } from '../../commands/appliance/databases.ts';
import { acceptStatedLoss } from '../../commands/backups/accept-stated-loss.ts';
import { makeBackup } from '../../commands/backups/make-backup.ts';
import { restoreBackup } from '../../commands/backups/restore-backup.ts';
import { toHex } from '../../protocols/bytes.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { moveTablesAside } from '../../runtime/sql/backup.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { EhashMiner } from '../harness/ehash-miner.ts';
import { ABSENT_NODE, journaledPayments } from '../harness/journaled-mint.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { bare, SatWallet } from '../harness/sat-wallet.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const K = 3;
const AMOUNT = 8;

/** A mint on a real node, a pool and a miner, who back up, go on, and lose the mint's database. */
class Scene {
  readonly node: TestNode;
  readonly mint: TestMintProcess;
  readonly outbox: TestOutbox;
  readonly miner: EhashMiner;
  readonly journal: string | undefined;
  readonly #folder = temporaryFolder();

  constructor(node: TestNode, mint: TestMintProcess, outbox: TestOutbox, journal: string | undefined) {
    this.node = node;
    this.mint = mint;
    this.outbox = outbox;
    this.miner = new EhashMiner(mint);
    this.journal = journal;
  }

  static async open(t: TestContext, journal: string | undefined): Promise<Scene> {
    const node = await regtestNode(t, { blocks: 3 });
    const payments = journal === undefined ? '' : `[backup]\njournal_path = "${journal}"`;
    const mint = await startMint(t, node, { payments });
    const outbox = new TestOutbox();
    await outbox.link(t, mint);
    return new Scene(node, mint, outbox, journal);
  }

  /** Mines shares and waits until they are quotes. */
  async mine(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.outbox.mine(this.node, this.miner.publicKey, K);
    await this.outbox.stored();
  }

  async mintQuote(index: number, seed = randomBytes(64)): Promise<Proof[]> {
    const quote = (await this.miner.quotes())[index];
    assert.ok(quote, `quote ${index}`);
    const wallet = await this.miner.wallet(quote.unit, seed);
    const privkey = toHex(this.miner.secretKey);
    return wallet.mintProofs('ehash', AMOUNT, quote, { privkey }, { type: 'deterministic', counter: 0 });
  }

  async spend(proofs: Proof[]): Promise<Proof[]> {
    const [quote] = await this.miner.quotes();
    return (await this.miner.wallet(quote?.unit ?? '')).receive(proofs);
  }

  backup(keep = 3) {
    return makeBackup({
      places: { mint: this.mint.databasePath },
      to: join(this.#folder, 'backups'),
      notes: join(this.#folder, 'notes'),
      keep,
      recipient: undefined,
      journal: this.journal,
      now: new Date(),
    });
  }

  /** The power fails, and the disk with it. */
  async lose(): Promise<void> {
    await this.mint.end('SIGKILL');
    const { databasePath } = this.mint;
    if (isPostgres(databasePath)) moveTablesAside(databasePath, Date.now());
    else for (const file of databaseFiles(databasePath)) rmSync(file, { force: true });
  }

  restore(file: string, change: { force?: boolean } = {}) {
    return restoreBackup({
      file,
      places: { mint: this.mint.databasePath },
      journal: this.journal,
      force: change.force ?? false,
      identity: undefined,
      work: join(this.#folder, 'notes'),
      now: new Date(),
    });
  }

  acceptLoss(): Promise<number> {
    const { databasePath: place } = this.mint;
    return acceptStatedLoss({ place, journal: this.journal, isConfirmed: true, say: () => undefined });
  }
}

const refusedWith = (code: number) => (error: unknown) =>
  error instanceof MintOperationError && error.code === code;

test('with its journal a mint comes back from a backup whole: no quote is missing, and nothing is issued twice', async (t) => {
  const scene = await Scene.open(t, join(temporaryFolder(), 'journal'));
  const { mint, miner, outbox } = scene;
  await scene.mine(3);
  assert.equal(outbox.backedUpSeq, 3, 'what the journal holds counts as backed up');
  const first = await scene.mintQuote(0);
  const { file, manifest } = await scene.backup();
  assert.equal(manifest.mint?.outboxes[0]?.storedSeq, '3');

  await scene.mine(3);
  const seed = randomBytes(64);
  const second = await scene.mintQuote(1, seed);
  await scene.mintQuote(4);
  const third = await scene.spend(first);
  const before = await miner.quotes();
  const books = auditMint(mint.databasePath);
  await scene.lose();
  await outbox.mine(scene.node, miner.publicKey, K);

  const restored = await scene.restore(file);
  assert.equal(restored.mint?.frozen, undefined);
  assert.ok((restored.mint?.redone ?? 0) >= 4);
  assert.deepEqual(auditMint(mint.databasePath), books);
  await mint.start();
  await outbox.stored();
  assert.deepEqual((await miner.quotes()).slice(0, 6), before);
  assert.equal(auditMint(mint.databasePath).quotes.count, outbox.lastSeq);
  assert.deepEqual(outbox.refusals, []);

  for (const index of [0, 1, 4]) await assert.rejects(scene.mintQuote(index), refusedWith(20002));
  await assert.rejects(scene.spend(first), refusedWith(11001));
  const wallet = await miner.wallet(before[0]?.unit ?? '', seed);
  const found = await wallet.restore(0, 20);
  assert.deepEqual(found.proofs.map(({ C }) => C).toSorted(), second.map(({ C }) => C).toSorted());
  for (const proofs of [second, third]) assert.ok((await scene.spend(proofs)).length > 0);
  for (const index of [2, 3, 5, 6]) assert.ok((await scene.mintQuote(index)).length > 0);
  await scene.backup();
  await assert.rejects(scene.restore(file), { code: 'database-there' });
});

test('a mint waits for a journal that is away, goes on without one that is lost, and then knows what is older', async (t) => {
  const journal = join(temporaryFolder(), 'journal');
  const scene = await Scene.open(t, journal);
  const { mint } = scene;
  await scene.mine(1);
  const { file } = await scene.backup();
  await scene.mine(1);
  await mint.end('SIGTERM');
  renameSync(journal, `${journal}-away`);
  await assert.rejects(mint.start(), /ended with 70:.*holds nothing of this database's journal/s);
  renameSync(`${journal}-away`, journal);
  await mint.start();
  await scene.mine(1);
  assert.ok((await scene.mintQuote(0)).length > 0);

  await mint.end('SIGTERM');
  rmSync(journal, { recursive: true });
  const path = join(mint.folder, 'mint.config.toml');
  const config = readFileSync(path, 'utf8');
  writeFileSync(path, config.replace(/^journal_path = .*$/m, ''));
  await mint.start();
  assert.match(mint.said?.text ?? '', /no issuance journal/);
  assert.ok((await scene.mintQuote(1)).length > 0);
  await mint.end('SIGTERM');
  writeFileSync(path, config);
  await mint.start();
  await scene.mine(1);
  assert.ok((await scene.mintQuote(2)).length > 0);

  await scene.lose();
  const restored = await scene.restore(file);
  assert.match(restored.mint?.frozen ?? '', /none that follows on/);
  await scene.lose();
  rmSync(journal, { recursive: true });
  mkdirSync(journal);
  writeFileSync(join(journal, '1-empty.journal'), '');
  assert.match((await scene.restore(file)).mint?.frozen ?? '', /without its journal/);
});

test('a crash between journal and commit loses nothing, and what was noted is not issued again', async (t) => {
  const scene = await Scene.open(t, join(temporaryFolder(), 'journal'));
  await scene.mine(2);
  const seed = randomBytes(64);
  await scene.mint.end('SIGTERM');
  await scene.mint.start('journal-written');
  await assert.rejects(scene.mintQuote(0, seed));
  await scene.mint.end('SIGKILL');
  await scene.mint.start();
  await assert.rejects(scene.mintQuote(0), refusedWith(20002));
  const wallet = await scene.miner.wallet((await scene.miner.quotes())[0]?.unit ?? '', seed);
  const { proofs } = await wallet.restore(0, 20);
  assert.ok((await scene.spend(proofs)).length > 0);
  assert.equal(auditMint(scene.mint.databasePath).issued.count, 1);
});

test('without a journal a restored mint only reads, until its operator accepts the loss', async (t) => {
  const scene = await Scene.open(t, undefined);
  const { mint, miner, outbox, node } = scene;
  await scene.mine(3);
  assert.equal(outbox.backedUpSeq, 0);
  const { file } = await scene.backup();
  await scene.mine(2);
  assert.equal(outbox.backedUpSeq, 3, 'what a checked backup holds');
  await scene.mintQuote(0);
  await scene.mintQuote(3);
  await scene.lose();

  const restored = await scene.restore(file);
  assert.match(restored.mint?.frozen ?? '', /without its journal: what was issued and spent/);
  await mint.start();
  assert.deepEqual(
    (await miner.quotes()).map(({ state }) => state),
    ['PAID', 'PAID', 'PAID'],
  );
  for (const index of [0, 1])
    await assert.rejects(scene.mintQuote(index), /only reads: the database is a copy of/);
  assert.match(mint.output, /"alert":"frozen"/);
  await delay(1_000);
  assert.equal(auditMint(mint.databasePath).quotes.count, 3, 'the pool is not let in');

  await mint.end('SIGTERM');
  assert.equal(await scene.acceptLoss(), 0);
  await mint.start();
  await outbox.stored();
  // What is stored was known before the loss; the refusals come with the next answer.
  for (const until = Date.now() + 20_000; outbox.refusals.length < 2 && Date.now() < until; ) await delay(20);
  assert.equal(outbox.refusals.length, 2);
  assert.ok(outbox.refusals.every(({ reason }) => reason.startsWith('lost: ')));
  assert.deepEqual(
    (await miner.quotes()).map(({ state }) => state),
    ['VOID', 'VOID', 'VOID'],
  );
  for (const index of [0, 1]) await assert.rejects(scene.mintQuote(index), MintOperationError);

  await node.generate(1);
  await scene.mine(1);
  assert.equal(outbox.refusals.length, 2);
  // The block pays the pool, and is known to be no share of it when work on it has come and the chain was looked at.
  for (const until = Date.now() + 20_000; (await miner.quotes())[3]?.state !== 'PAID'; await delay(50))
    assert.ok(Date.now() < until, 'the share on that block is paid');
  assert.ok((await scene.mintQuote(3)).length > 0);
  const books = auditMint(mint.databasePath);
  assert.deepEqual([books.quotes.count, books.void.count, books.refusals], [1, 3, 2]);
});

test('with its journal what was paid and paid out since the backup stays so', async (t) => {
  const journal = join(temporaryFolder(), 'journal');
  const payments = journaledPayments(journal);
  const mint = await startMint(t, ABSENT_NODE, { payments });
  const scene = new Scene(await regtestNode(t), mint, new TestOutbox(), journal);
  const wallet = new SatWallet(mint.url, (await loadCrypto()).curve);
  await wallet.load();
  const inputs = await wallet.mint(32);
  const { file } = await scene.backup();

  const issued = await wallet.paidQuote(20);
  const mintIssued = () =>
    wallet.post('/v1/mint/bolt11', { quote: issued, outputs: bare(wallet.outputs(20)) });
  assert.equal((await mintIssued()).status, 200);
  const open = await wallet.paidQuote(8);
  const { quote } = await wallet.meltQuote(20);
  const outputs = wallet.outputs(63);
  const melt = () => wallet.post('/v1/melt/bolt11', { quote, inputs, outputs: bare(outputs) });
  assert.equal((await melt()).body.state, 'PAID');
  const books = auditMint(mint.databasePath);
  await scene.lose();

  assert.equal((await scene.restore(file)).mint?.frozen, undefined);
  assert.deepEqual(auditMint(mint.databasePath), books);
  await mint.start();
  assert.equal((await mintIssued()).body.code, 20002);
  assert.deepEqual(await wallet.states(inputs), ['SPENT']);
  const { body } = await wallet.until(`/v1/melt/quote/bolt11/${quote}`, 'PAID');
  assert.ok(wallet.proofs(outputs, body.change).length > 0);
  const late = { quote: open, outputs: bare(wallet.outputs(8)) };
  assert.equal((await wallet.post('/v1/mint/bolt11', late)).status, 200);
  const swap = { inputs, outputs: bare(wallet.outputs(32)) };
  assert.equal((await wallet.post('/v1/swap', swap)).body.code, 11001);
});
