import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Amount,
  CheckStateEnum,
  getEncodedToken,
  hasValidDleq,
  MintOperationError,
  type Proof,
} from '@cashu/cashu-ts';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { EhashMiner } from '../harness/ehash-miner.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';

const sumOf = (proofs: readonly { amount: Amount }[]) =>
  proofs.reduce((sum, { amount }) => sum + amount.toBigInt(), 0n);

/** Polls until `holds`; the test's own limit ends it otherwise. */
async function eventually(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    if (waited > 20_000) throw new Error(`never came: ${what}`);
    await delay(20);
  }
}

async function open(t: TestContext, options = {}) {
  const node = await regtestNode(t, { blocks: 3 });
  const mint = await startMint(t, node, options);
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  return { node, mint, outbox, miner: new EhashMiner(mint) };
}

test('cashu-ts, as a wallet of its own, turns work into tokens that spend once', async (t) => {
  const { node, mint, outbox, miner } = await open(t);
  for (const k of [4, 5, 6]) await outbox.mine(node, miner.publicKey, k);
  await outbox.stored();
  assert.deepEqual(outbox.refusals, []);
  const unit = `hash_${toHex(mint.poolId)}_3`;
  assert.equal(outbox.terms?.unit, unit);

  const quotes = await miner.quotes();
  assert.deepEqual(
    quotes.map(({ amount, state, unit }) => [amount, state, unit]),
    [
      [16, 'PAID', unit],
      [32, 'PAID', unit],
      [64, 'PAID', unit],
    ],
  );
  const seed = randomBytes(64);
  const wallet = await miner.wallet(unit, seed);
  assert.equal(wallet.keysetId, toHex(outbox.terms?.keysetId ?? new Uint8Array()));

  const [first, ...others] = quotes;
  assert.ok(first);
  const privkey = toHex(miner.secretKey);
  const stranger = toHex(secp256k1.utils.randomSecretKey());
  await assert.rejects(wallet.mintProofs('ehash', 16, { quote: first.quote }, { privkey: stranger }), {
    code: 20008,
  });
  const minted = await wallet.mintProofs(
    'ehash',
    16,
    first,
    { privkey },
    { type: 'deterministic', counter: 0 },
  );
  await assert.rejects(wallet.mintProofs('ehash', 16, first, { privkey }), { code: 20002 });
  const keyset = wallet.getKeyset();
  assert.ok(minted.length > 0 && minted.every((proof) => hasValidDleq(proof, keyset)));

  const batch = await wallet.prepareBatchMint(
    'ehash',
    others.map((quote) => ({ quote, amount: quote.amount })),
    { privkey },
  );
  const batched = await wallet.completeBatchMint(batch);
  assert.equal(sumOf(batched), 96n);

  const proofs = [...minted, ...batched];
  const states = async (of: Proof[]) => (await wallet.checkProofsStates(of)).map(({ state }) => state);
  assert.ok((await states(proofs)).every((state) => state === CheckStateEnum.UNSPENT));
  const { keep, send } = await wallet.send(
    40,
    proofs,
    { includeFees: false },
    { send: { type: 'deterministic', counter: 50 }, keep: { type: 'random' } },
  );
  assert.deepEqual([sumOf(send), sumOf(keep)], [40n, 72n]);
  const held = new Set([...keep, ...send].map(({ secret }) => secret));
  const spent = proofs.filter(({ secret }) => !held.has(secret));
  assert.ok(spent.length > 0);
  assert.ok((await states(spent)).every((state) => state === CheckStateEnum.SPENT));
  await assert.rejects(wallet.receive(getEncodedToken({ mint: mint.url, unit, proofs: spent })), (error) => {
    return error instanceof MintOperationError && error.code === 11001;
  });

  const carol = await miner.wallet(unit);
  const received = await carol.receive(getEncodedToken({ mint: mint.url, unit, proofs: send }), {
    requireDleq: true,
  });
  assert.equal(sumOf(received), 40n);

  const restoring = await miner.wallet(unit, seed);
  const { proofs: restored } = await restoring.restore(0, 60);
  // All that the seed stands behind, spent or not; what was kept is random here.
  assert.equal(sumOf(restored), 16n + 96n + 40n);
  const books = auditMint(mint.databasePath);
  assert.deepEqual([books.issued.sum, books.outstanding, books.waiting.sum], [112n, 112n, 0n]);
  assert.doesNotMatch(mint.output, /"level":"(error|fatal)"/);
});

test('kill -9 at any time, and the same work sent again: the same quotes', async (t) => {
  const { node, mint, outbox, miner } = await open(t);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) await outbox.mine(node, miner.publicKey, 2);
    if (round === 1) await outbox.stored();
    await mint.end('SIGKILL');
    await mint.start();
  }
  await outbox.stored();
  assert.equal(outbox.lastSeq, 60);
  const books = auditMint(mint.databasePath);
  assert.deepEqual([books.quotes.count, books.quotes.sum, books.conflicts, books.refusals], [60, 240n, 0, 0]);
  const quotes = await miner.quotes();
  assert.equal(new Set(quotes.map(({ request }) => request)).size, 60);
});

test('without its node the mint is up, says so, and refuses nothing', async (t) => {
  const node = await regtestNode(t, { blocks: 3 });
  await node.stop();
  const mint = await startMint(t, node);
  await eventually(() => /waiting for bitcoind/.test(mint.said?.text ?? ''), 'a status in words');
  const keys = await fetch(`${mint.url}/v1/keys`);
  assert.equal(keys.status, 503);
  assert.match(((await keys.json()) as { detail: string }).detail, /bitcoind/);
  assert.equal((await fetch(`${mint.url}/v1/info`)).status, 200);

  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  await node.restart();
  await eventually(() => outbox.terms !== undefined, 'terms');
  const miner = new EhashMiner(mint);
  const tip = String(await node.rpc.call('getbestblockhash'));
  const { mediantime } = (await node.rpc.call('getblockheader', [tip])) as { mediantime: number };
  await node.stop();
  await eventually(() => /waiting for bitcoind/.test(mint.said?.text ?? ''), 'a status in words');
  await outbox.mineOn({ prevHashBe: tip, time: mediantime + 1 }, miner.publicKey, 3);
  await outbox.stored();
  assert.deepEqual(
    (await miner.quotes()).map(({ state }) => state),
    ['UNPAID'],
  );
  await assert.rejects(
    (await miner.wallet(outbox.terms?.unit ?? '')).mintProofs(
      'ehash',
      8,
      (await miner.quotes())[0] ?? { quote: '' },
      {
        privkey: toHex(miner.secretKey),
      },
    ),
    { code: 20001 },
  );
  await node.restart();
  for (let state = 'UNPAID'; state !== 'PAID'; state = (await miner.quotes())[0]?.state ?? '')
    await delay(50);
});

test('a config or a seed that does not fit ends the mint with 78 and one line', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const mint = await startMint(t, node);
  await eventually(() => mint.said?.figures !== undefined, 'a status');
  assert.equal(await mint.end('SIGTERM'), 0);
  await mint.setCredential('mint-seed', 'ab'.repeat(32));
  await assert.rejects(mint.start(), /\[hashpool_mint\] seed = credential:mint-seed: .*is not the one/);
  assert.equal(await mint.end('SIGTERM'), 78);
  await mint.setCredential('mint-seed', 'not a seed');
  await assert.rejects(mint.start(), /must be 64 hex digits/);
  assert.equal(await mint.end('SIGTERM'), 78);
  assert.doesNotMatch(mint.output, /not a seed|abababab/);
});

test('kill -9 amid a hundred mints: each quote is issued and restorable, or still paid', async (t) => {
  const { node, mint, outbox, miner } = await open(t);
  for (let i = 0; i < 100; i++) await outbox.mine(node, miner.publicKey, 1);
  await outbox.stored();
  const id = toHex(outbox.terms?.keysetId ?? new Uint8Array());
  const requests = (await miner.quotes()).map(({ quote }) => {
    const blinded = secp256k1.getPublicKey(secp256k1.utils.randomSecretKey());
    const message = mintMessage(quote, [{ amount: 2n, blinded }]);
    const signature = toHex(schnorr.sign(message, miner.secretKey));
    return { quote, outputs: [{ amount: 2, id, B_: toHex(blinded) }], signature };
  });
  const post = (path: string, body: unknown) =>
    fetch(mint.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });

  const answers = requests.map((request) =>
    post('/v1/mint/ehash', request).then(
      ({ status }) => status,
      () => 0,
    ),
  );
  await Promise.race(answers);
  await mint.end('SIGKILL');
  const statuses = await Promise.all(answers);
  await mint.start();

  const outputs = requests.flatMap((request) => request.outputs);
  const restored = (await (await post('/v1/restore', { outputs })).json()) as {
    outputs: { B_: string }[];
    signatures: object[];
  };
  const signed = new Set(restored.outputs.map(({ B_ }) => B_));
  const states = new Map((await miner.quotes()).map(({ quote, state }) => [quote, state]));
  requests.forEach(({ quote, outputs: [output] }, i) => {
    const isSigned = signed.has(output?.B_ ?? '');
    assert.equal(states.get(quote), isSigned ? 'ISSUED' : 'PAID');
    if (statuses[i] === 200) assert.ok(isSigned, 'an answer was given that is not in the books');
  });
  for (const request of requests) {
    const answer = await post('/v1/mint/ehash', request);
    assert.equal(answer.status, 200, 'what was minted before the kill has the same answer (NUT-19)');
    const given = restored.outputs.findIndex(({ B_ }) => B_ === request.outputs[0]?.B_);
    if (given < 0) continue;
    assert.deepEqual(await answer.json(), { signatures: [restored.signatures[given]] });
  }
  const books = auditMint(mint.databasePath);
  assert.deepEqual([books.issued.count, books.outstanding, books.waiting.count], [100, 200n, 0]);
});
