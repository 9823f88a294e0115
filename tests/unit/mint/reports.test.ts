import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { ReportedBooks } from '../../../domain/reports/reported-books.ts';
import { sha256d } from '../../../protocols/bitcoin/hash.ts';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { amountOf, splitAmount } from '../../../protocols/cashu/amount.ts';
import { parseQuoteId } from '../../../protocols/cashu/quote-id.ts';
import { readReport, rootOf } from '../../../protocols/ehash/report.ts';
import { reportHash } from '../../../protocols/ehash/report-hash.ts';
import { SAMPLE_DEPTH, SAMPLE_SHARES, samplePoints, shareLeaf } from '../../../protocols/ehash/share-leaf.ts';
import { verifySumProof } from '../../../protocols/ehash/sum-tree.ts';
import { tokenLeaf } from '../../../protocols/ehash/token-leaf.ts';
import { Redemptions } from '../../../roles/mint/redemption.ts';
import { openTrees } from '../../../roles/mint/reports/open-trees.ts';
import { Reporter } from '../../../roles/mint/reports/reporter.ts';
import { Sampler } from '../../../roles/mint/reports/sampler.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { closeEpoch } from '../../harness/close-epoch.ts';
import { type Blinded, openTestMint } from './support.ts';

const TIP = 300;
const NEVER_MS = 3_600_000;

/** A mint of one epoch of 64 ehash whose price is fixed, some of them tokens, and its reporter. */
async function scene(t: TestContext) {
  const mint = await openTestMint(t, 101);
  const { engine, unit, curve } = mint;
  await engine.keysets.rotateTo({
    unit: 'sat',
    derivationIndex: 0,
    inputFeePpk: 0,
    finalExpiry: undefined,
  });
  const secretKey = randomBytes(32);
  const quotes = await mint.addQuotes(curve.publicKey(secretKey), [5, 4]);
  const proofs = await mint.proofs([3, 2, 1, 0, 0]);
  const trees = await openTrees(mint.path, engine.signer);
  const logged: { msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const tip = () => ({ height: TIP, hashBe: 'ab'.repeat(32) });
  const reporter = new Reporter({ engine, trees, pools: [], backends: [], tip, log, intervalMs: NEVER_MS });
  t.after(async () => {
    await reporter.close();
    await trees.close();
  });
  const satKeyset = engine.keysets.active('sat')?.id ?? '';
  const redemptions = new Redemptions(engine, () => TIP);
  const outputs = (sats: number): Blinded[] =>
    splitAmount(BigInt(sats)).map((exponent) => mint.blind(exponent, satKeyset));
  const epoch = (await engine.store.call('epochByUnit', unit))?.epoch ?? 0;
  return {
    ...{ mint, engine, unit, epoch, quotes, proofs, trees, reporter, redemptions, outputs, log, logged },
    async fixPrice() {
      closeEpoch(mint.path, epoch, 1_000n, 24n);
      assert.equal(await engine.store.call('fixPrice', { epochs: [epoch], height: TIP }), true);
      await engine.keysets.reload();
    },
    async last() {
      const row = await engine.store.call('lastReport', null);
      assert.ok(row);
      return { ...row, report: readReport(row.body) };
    },
  };
}

test('a price is published in a signed report, once', async (t) => {
  const s = await scene(t);
  await s.reporter.run();
  assert.equal(await s.engine.store.call('lastReport', null), undefined);
  await s.fixPrice();
  await s.reporter.run();
  await s.reporter.run();
  const { report, body, hash, signature, number } = await s.last();
  assert.equal(number, 1);
  assert.deepEqual(hash, Uint8Array.from(reportHash(body)));
  const { identity } = s.engine.signer;
  assert.ok(s.mint.curve.schnorrVerify(signature, hash, identity.subarray(1)));
  assert.deepEqual([report.mint, report.number, report.previous], [toHex(identity), 1, null]);
  const [epoch] = report.epochs;
  assert.deepEqual(
    [epoch?.unit, epoch?.reward, epoch?.work, epoch?.sources, epoch?.shares.leaves],
    [s.unit, '1024', '64', { coinbase: '1000', gifts: '24' }, 7],
  );
  assert.deepEqual(
    report.keysets.map(({ unit, issued, spent }) => [unit, issued.sum, issued.leaves, spent.sum]),
    [[s.unit, '16', 5, '0']],
  );
  assert.deepEqual(new ReportedBooks().add(report), []);
});

test('the next report follows it, and says what has changed alone', async (t) => {
  const s = await scene(t);
  await s.fixPrice();
  await s.reporter.run();
  const first = await s.last();
  const [eight] = s.proofs;
  assert.ok(eight);
  await s.redemptions.redeem({ inputs: [eight], outputs: s.outputs(128) });
  await s.reporter.run();
  assert.equal((await s.last()).number, 1, 'nothing has a price since');
  const { poolId } = s.mint;
  await s.engine.epochs.openFirst({
    poolId: randomPoint(s.mint.curve),
    height: 7,
    policy: 'target',
    minimumDifficulty: 0,
  });
  const other = s.engine.epochs.all.find((each) => toHex(each.poolId) !== toHex(poolId));
  assert.ok(other);
  closeEpoch(s.mint.path, other.epoch, 5n, 0n);
  assert.equal(await s.engine.store.call('fixPrice', { epochs: [other.epoch], height: TIP }), true);
  await s.reporter.run();
  const { report } = await s.last();
  assert.deepEqual([report.number, report.previous], [2, toHex(first.hash)]);
  assert.deepEqual(report.redemptions, [{ unit: s.unit, ehash: '8', sats: '128', is_over: false }]);
  assert.deepEqual(
    report.keysets.map(({ unit, issued, spent }) => [unit, issued.sum, spent.sum]),
    [
      [s.unit, '16', '8'],
      ['sat', '128', '0'],
    ],
  );
  assert.deepEqual([report.epochs[0]?.work, report.epochs[0]?.shares.hash], ['0', null]);
  const books = new ReportedBooks();
  assert.deepEqual([...books.add(first.report), ...books.add(report)], []);
  assert.equal(books.owedSats, 1024n - 128n + 128n + 5n);
});

test('whoever has a token or a share is shown where a report counts it', async (t) => {
  const s = await scene(t);
  await s.fixPrice();
  const [eight] = s.proofs;
  assert.ok(eight);
  const taken = s.outputs(128);
  await s.redemptions.redeem({ inputs: [eight], outputs: taken });
  await s.reporter.run();
  const { report } = await s.last();
  const [output] = taken;
  assert.ok(output);
  const sat = report.keysets.find(({ unit }) => unit === 'sat');
  assert.ok(sat);
  const found = await s.trees.call('findToken', { kind: 'issued', point: output.blinded, report: 1 });
  const root = rootOf(sat.issued);
  assert.ok(found && root);
  const leaf = tokenLeaf('issued', fromHex(sat.keyset), output.blinded, amountOf(output.exponent));
  verifySumProof(root, leaf, found.proof);

  const name = s.quotes[0] ?? '';
  const quoteId = parseQuoteId(name);
  assert.ok(quoteId);
  const share = await s.trees.call('findShare', { quoteId, report: 1 });
  const shares = report.epochs[0] && rootOf(report.epochs[0].shares);
  assert.ok(share && shares);
  verifySumProof(shares, shareLeaf(share, share.salt, 32n), share.proof);
  assert.equal(await s.trees.call('findShare', { quoteId: randomBytes(16), report: 1 }), undefined);
  const nobody = randomPoint(s.mint.curve);
  assert.equal(await s.trees.call('findToken', { kind: 'spent', point: nobody, report: 1 }), undefined);

  const points = samplePoints(shares, randomBytes(32), 20);
  const drawn = await s.trees.call('sharesAt', { epoch: s.epoch, report: 1, points });
  drawn.forEach((each, i) => {
    assert.ok(each);
    const before = verifySumProof(shares, shareLeaf(each, each.salt, each.leaf.amount), each.proof);
    const point = points[i] ?? -1n;
    assert.ok(before <= point && point < before + each.leaf.amount);
  });
});

test('shares that a block has drawn are shown by their own pool, and by no other', async (t) => {
  const s = await scene(t);
  const headers = new Map<string, Uint8Array>();
  const db = openPlace(s.mint.path, schema);
  for (const { quote } of db.prepare('SELECT quote FROM quotes').all()) {
    const header = randomBytes(80);
    headers.set(toHex(sha256d(header)), header);
    db.prepare('UPDATE quotes SET share_hash = ? WHERE quote = ?').run(sha256d(header), quote ?? null);
  }
  const drawing = 'INSERT INTO chain (height, hash, is_read) VALUES (?, ?, 1)';
  db.prepare(drawing).run(TIP + SAMPLE_DEPTH, randomBytes(32));
  db.close();
  await s.fixPrice();
  await s.reporter.run();
  let sampler: Sampler | undefined;
  let height = TIP + SAMPLE_DEPTH;
  const asked: number[] = [];
  const askForShares = (poolId: Uint8Array, hashesLe: readonly Uint8Array[]) => {
    asked.push(height);
    if (asked.length === 1) return;
    const shown = (coinbase: number) =>
      hashesLe.map((hash) => {
        const header = headers.get(toHex(hash)) ?? new Uint8Array(80);
        return { header, coinbase: Uint8Array.of(coinbase), merkle_path: [] };
      });
    sampler?.take(poolId, shown(1));
    sampler?.take(randomPoint(s.mint.curve), shown(2));
  };
  sampler = new Sampler({
    engine: s.engine,
    trees: s.trees,
    workLink: { askForShares },
    height: () => height,
    confirmations: 1,
    log: s.log,
    intervalMs: NEVER_MS,
  });
  t.after(() => sampler?.close());
  for (const at of [height, height, height + 1, height + 1]) {
    height = at;
    await sampler.run();
  }
  assert.deepEqual(asked, [height - 1, height], 'once for each block');
  const { shares } = JSON.parse((await s.engine.store.call('sampleOfUnit', s.unit)) ?? '{}');
  assert.equal(shares.length, SAMPLE_SHARES);
  for (const share of shares) assert.equal(share.coinbase, '01');
});

function randomPoint(curve: { publicKey(secret: Uint8Array): Uint8Array }): Uint8Array {
  return curve.publicKey(randomBytes(32));
}
