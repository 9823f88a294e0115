import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Wallet as CashuWallet, getDecodedToken, getEncodedToken, type P2PKOptions } from '@cashu/cashu-ts';
import { toHex } from '../../protocols/bytes.ts';
import { type Moment, startMint } from './wallet/mint-behind-proxy.ts';
import { OTHER, walletsAt } from './wallet/wallets.ts';

const SWAP = '/v1/swap';
const PREIMAGE = '07'.repeat(32);
const HASH = createHash('sha256').update(Buffer.from(PREIMAGE, 'hex')).digest('hex');

async function setUp(t: TestContext) {
  const proxied = await startMint(t);
  const wallets = walletsAt(t, proxied.url);
  const wallet = await wallets.open();
  await proxied.mint.addQuotes(await wallet.keyForChannel('channel'), [6, 7, 8]);
  await wallet.collect();
  return { ...proxied, ...wallets, wallet };
}

/** cashu-ts's wallet at the mint, with a key of its own. */
async function openForeign({ mint, url }: Awaited<ReturnType<typeof setUp>>) {
  const privkey = toHex(randomBytes(32));
  const wallet = new CashuWallet(url, { unit: mint.unit });
  await wallet.loadMint();
  return { wallet, privkey, pubkey: toHex(mint.curve.publicKey(Buffer.from(privkey, 'hex'))) };
}

test('what we lock, cashu-ts opens with its key, and nobody without it', async (t) => {
  const scene = await setUp(t);
  const { wallet } = scene;
  const foreign = await openForeign(scene);
  for (const tags of [
    [],
    [['sigflag', 'SIG_ALL']],
    [
      ['locktime', '9999999999'],
      ['refund', foreign.pubkey],
    ],
  ]) {
    const token = await wallet.send(21n, { lock: { kind: 'P2PK', data: foreign.pubkey, tags } });
    await assert.rejects(foreign.wallet.receive(token));
    const taken = await foreign.wallet.receive(token, { privkey: foreign.privkey, requireDleq: true });
    assert.equal(
      taken.reduce((sum, { amount }) => sum + amount.toBigInt(), 0n),
      21n,
    );
  }
  const tags = [['pubkeys', foreign.pubkey]];
  const token = await wallet.send(5n, { lock: { kind: 'HTLC', data: HASH, tags } });
  const proofs = getDecodedToken(token, [scene.mint.keysetId]).proofs;
  const shown = proofs.map((proof) => ({ ...proof, witness: { preimage: PREIMAGE, signatures: [] } }));
  const taken = await foreign.wallet.receive(shown, { privkey: foreign.privkey });
  assert.equal(
    taken.reduce((sum, { amount }) => sum + amount.toBigInt(), 0n),
    5n,
  );
});

test('what cashu-ts locks to a key of ours, we open', async (t) => {
  const scene = await setUp(t);
  const { wallet, mint, url } = scene;
  const foreign = await openForeign(scene);
  const own = await foreign.wallet.receive(await wallet.send(200n));
  const pubkey = toHex(await wallet.keyForChannel('paid'));
  let rest = own;
  for (const [options, preimage] of [
    [{ pubkey }, undefined],
    [{ pubkey, sigFlag: 'SIG_ALL' }, undefined],
    [{ pubkey: [pubkey, foreign.pubkey], requiredSignatures: 1 }, undefined],
    [{ pubkey: foreign.pubkey, locktime: 1000, refundKeys: [pubkey] }, undefined],
    [{ pubkey, hashlock: HASH }, PREIMAGE],
  ] satisfies [P2PKOptions, string | undefined][]) {
    const sent = await foreign.wallet.ops.send(11, rest).asP2PK(options).run();
    rest = sent.keep;
    const token = getEncodedToken({ mint: url, unit: mint.unit, proofs: sent.send });
    assert.equal(await wallet.receive(token, preimage), 11n, JSON.stringify(options));
  }
});

for (const moment of ['request', 'answer'] as const satisfies Moment[]) {
  test(`a locked token is made once, and opened once, over kill -9 at the ${moment} of the swap`, async (t) => {
    const { trap, open, run, wallet, refusals } = await setUp(t);
    const second = await open('second', OTHER);
    const key = toHex(await second.keyForChannel('paid'));
    const kill = (child: { kill(signal: 'SIGKILL'): boolean }) =>
      trap(moment, SWAP, () => {
        child.kill('SIGKILL');
        return 'drop';
      });
    const sending = run('sendTo', { argument: `7 ${key}` });
    kill(sending.child);
    assert.equal((await sending.ended).code, null);
    await wallet.collect();
    const [sent, ...more] = await wallet.sent();
    assert.deepEqual([sent?.amount, more], [7n, []]);
    const receiving = run('receive', { name: 'second', mnemonic: OTHER, argument: sent?.token ?? '' });
    kill(receiving.child);
    assert.equal((await receiving.ended).code, null);
    await second.collect();
    assert.equal((await second.balance())[0]?.amount, 7n);
    await wallet.collect();
    assert.deepEqual([(await wallet.sent()).length, (await wallet.balance())[0]?.amount], [0, 441n]);
    // Asked a second time, a mint that has signed before says that the inputs are spent.
    assert.ok(refusals.every((code) => code === 11001));
  });
}
