import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { getDecodedToken } from '@cashu/cashu-ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import type { Wallet } from '../../../../services/wallet/wallet.ts';
import { heldBy, OTHER, openScene } from './scene.ts';

const PREIMAGE = '00'.repeat(31).concat('01');
const HASH = createHash('sha256').update(Buffer.from(PREIMAGE, 'hex')).digest('hex');
const PAST = '1000';
const FUTURE = '9999999999';

const code =
  (...codes: string[]) =>
  (error: unknown) =>
    isHashpoolError(error, ...codes);
const keyOf = async (wallet: Wallet, purpose = 'paid') => toHex(await wallet.keyForChannel(purpose));
const p2pk = (data: string, ...tags: string[][]) => ({ kind: 'P2PK' as const, data, tags });
const htlc = (...tags: string[][]) => ({ kind: 'HTLC' as const, data: HASH, tags });

async function twoWallets(t: Parameters<typeof openScene>[0]) {
  const scene = await openScene(t);
  const sender = await scene.open();
  const receiver = await scene.open('receiver', OTHER);
  await scene.fill(sender, 64n, 36n);
  return { ...scene, sender, receiver };
}

test('NUT-11: a token for a key is opened by its wallet alone, by a key of either parity', async (t) => {
  const { mint, open, sender, receiver } = await twoWallets(t);
  const key = await keyOf(receiver);
  for (const name of [key, (key.startsWith('02') ? '03' : '02') + key.slice(2)]) {
    const token = await sender.send(21n, { lock: p2pk(name) });
    assert.match(
      JSON.parse(getDecodedToken(token, [mint.keysetId]).proofs[0]?.secret ?? '')[1].data,
      /^0[23]/,
    );
    await assert.rejects(sender.receive(token), code('token-locked'));
    assert.equal(await receiver.receive(token), 21n);
    await assert.rejects(receiver.receive(token), code('token-refused'));
  }
  await sender.collect();
  assert.deepEqual(
    [await heldBy(sender), await heldBy(receiver), (await sender.sent()).length],
    [58n, 42n, 0],
  );
  const token = await sender.send(1n, { lock: p2pk(await keyOf(receiver, 'never used')) });
  assert.equal(await (await open('restored', OTHER)).receive(token), 1n);
});

test('NUT-11: two of three keys, and SIG_ALL over the whole request', async (t) => {
  const { sender, receiver } = await twoWallets(t);
  const [first, second, foreign] = [
    await keyOf(receiver, '1'),
    await keyOf(receiver, '2'),
    await keyOf(sender),
  ];
  for (const flags of [[], [['sigflag', 'SIG_ALL']]]) {
    const tags = [['pubkeys', first, second], ['n_sigs', '2'], ...flags];
    assert.equal(await receiver.receive(await sender.send(7n, { lock: p2pk(foreign, ...tags) })), 7n);
    const missing = await sender.send(1n, {
      lock: p2pk(first, ['pubkeys', foreign], ['n_sigs', '2'], ...flags),
    });
    await assert.rejects(receiver.receive(missing), code('token-locked'));
  }
});

test('NUT-11: after the locktime the refund key opens it too; without one, everybody', async (t) => {
  const { sender, receiver } = await twoWallets(t);
  const [theirs, ours] = [await keyOf(receiver), await keyOf(sender)];
  const refund = ['refund', ours];
  const active = await sender.send(2n, { lock: p2pk(theirs, ['locktime', FUTURE], refund) });
  await assert.rejects(sender.receive(active), code('token-locked'));
  assert.equal(await receiver.receive(active), 2n);
  const expired = () => sender.send(2n, { lock: p2pk(theirs, ['locktime', PAST], refund) });
  assert.equal(await sender.receive(await expired()), 2n);
  assert.equal(await receiver.receive(await expired()), 2n);
  assert.equal(await sender.receive(await sender.send(2n, { lock: p2pk(theirs, ['locktime', PAST]) })), 2n);
});

test('NUT-14: a hash is opened by its preimage, with a key where one is named', async (t) => {
  const { sender, receiver } = await twoWallets(t);
  const open = await sender.send(3n, { lock: htlc() });
  await assert.rejects(receiver.receive(open), code('token-locked'));
  await assert.rejects(receiver.receive(open, 'ff'.repeat(32)), code('token-locked'));
  assert.equal(await receiver.receive(open, PREIMAGE), 3n);
  const keyed = await sender.send(3n, {
    lock: htlc(['pubkeys', await keyOf(receiver)], ['sigflag', 'SIG_ALL']),
  });
  await assert.rejects(sender.receive(keyed, PREIMAGE), code('token-locked'));
  assert.equal(await receiver.receive(keyed, PREIMAGE), 3n);
  const back = await sender.send(3n, { lock: htlc(['locktime', PAST], ['refund', await keyOf(sender)]) });
  assert.equal(await sender.receive(back), 3n);
});

for (const fault of ['drop-request', 'drop-answer'] as const) {
  test(`a locked token is made once after ${fault}, and is on the list of sent ones`, async (t) => {
    const { mint, sender, receiver } = await twoWallets(t);
    mint.fault('/v1/swap', fault);
    const lock = p2pk(await keyOf(receiver));
    await assert.rejects(sender.send(5n, { lock }), code('mint-unreachable'));
    await sender.collect();
    const [sent, ...more] = await sender.sent();
    assert.deepEqual([sent?.amount, more.length, await heldBy(sender)], [5n, 0, 95n]);
    assert.equal(await receiver.receive(sent?.token ?? ''), 5n);
  });

  test(`receiving a locked token goes on after ${fault}`, async (t) => {
    const { mint, sender, receiver } = await twoWallets(t);
    const token = await sender.send(5n, { lock: htlc(['pubkeys', await keyOf(receiver)]) });
    await receiver.collect();
    mint.fault('/v1/swap', fault);
    await assert.rejects(receiver.receive(token, PREIMAGE), code('mint-unreachable'));
    await receiver.collect();
    assert.equal(await heldBy(receiver), 5n);
  });
}

test('a lock that nobody can open, or that the mint does not enforce, is refused before anything is spent', async (t) => {
  const { mint, open, sender, receiver } = await twoWallets(t);
  const key = await keyOf(receiver);
  const offCurve = `02${'0'.repeat(62)}05`;
  const many = Array.from({ length: 20 }, (_, i) => key.slice(0, 64) + String(i + 10));
  for (const lock of [
    p2pk('02abc'),
    p2pk(offCurve),
    p2pk(key, ['n_sigs', '2']),
    p2pk(key, ['refund', offCurve], ['locktime', FUTURE]),
    p2pk(key, ['pubkeys', ...many]),
    { kind: 'HTLC' as const, data: 'nohash', tags: [] },
  ]) {
    await assert.rejects(sender.send(1n, { lock }), code('bad-lock'), JSON.stringify(lock));
  }
  await assert.rejects(sender.send(101n, { lock: p2pk(key) }), code('not-enough'));
  mint.supported.delete(11);
  const again = await open('again');
  await again.restore();
  for (const lock of [p2pk(key), htlc()]) {
    await assert.rejects(again.send(1n, { lock }), code('lock-not-enforced'));
  }
  assert.equal(await heldBy(sender), 100n);
});

test('a restore finds the change of locked tokens, however many were sent', async (t) => {
  const { open, sender, receiver } = await twoWallets(t);
  const lock = p2pk(await keyOf(receiver));
  for (let i = 0; i < 5; i++) await sender.send(11n, { lock });
  const restored = await (await open('restored')).restore();
  assert.equal(restored.amount, 45n);
});
