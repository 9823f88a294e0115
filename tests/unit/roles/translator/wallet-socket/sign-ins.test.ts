import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignIns } from '../../../../../roles/translator/wallet-socket/sign-ins.ts';

const GOOD = 'good';
const MINUTE_MS = 60_000;

function open() {
  const time = { now: 1_800_000_000_000 };
  const wallet = { isSignIn: async (_code: string, signature: string) => signature === GOOD };
  const newSignIns = () => new SignIns(wallet, () => time.now);
  return { time, signIns: newSignIns(), another: newSignIns() };
}

const refused = (code: string) => ({ name: 'HashpoolError', code });

test('a code opens one session, within five minutes, where it was given', async () => {
  const { time, signIns, another } = open();
  const { code, expires_at: end } = signIns.newCode();
  assert.equal(end, time.now + 5 * MINUTE_MS);
  await assert.rejects(another.open(code, GOOD), refused('bad-code'));
  await assert.rejects(signIns.open(code, 'bad'), refused('bad-signature'));
  const [first, second] = await Promise.allSettled([signIns.open(code, GOOD), signIns.open(code, GOOD)]);
  assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
  await assert.rejects(signIns.open(code, GOOD), refused('bad-code'));

  const late = signIns.newCode().code;
  time.now += 5 * MINUTE_MS;
  await assert.rejects(signIns.open(late, GOOD), refused('bad-code'));
  const longer = `${late.slice(0, 16)}ffffffff${late.slice(24)}`;
  for (const forged of [longer, '', '0'.repeat(56), late.toUpperCase()]) {
    await assert.rejects(signIns.open(forged, GOOD), refused('bad-code'), forged);
  }
});

test('a session ends after ten minutes, thirty tokens, or when it is closed', async () => {
  const { time, signIns } = open();
  const openOne = async () => (await signIns.open(signIns.newCode().code, GOOD)).session;
  const closed = await openOne();
  signIns.close(closed);
  assert.throws(() => signIns.check(closed), refused('no-session'));

  const busy = await openOne();
  for (let k = 0; k < 30; k++) signIns.takeOne(busy);
  assert.throws(() => signIns.takeOne(busy), refused('too-many-tokens'));

  const old = await openOne();
  time.now += 10 * MINUTE_MS - 1;
  assert.equal(signIns.check(old).expires_at, time.now + 1);
  time.now += 1;
  assert.throws(() => signIns.takeOne(old), refused('no-session'));
});

test('attempts are limited, and so are sessions at a time', async () => {
  const { time, signIns } = open();
  const first = (await signIns.open(signIns.newCode().code, GOOD)).session;
  for (let k = 0; k < 8; k++) await signIns.open(signIns.newCode().code, GOOD);
  assert.throws(() => signIns.check(first), refused('no-session'));
  for (let k = 0; k < 11; k++) await assert.rejects(signIns.open('x', 'bad'), refused('bad-code'));
  await assert.rejects(signIns.open(signIns.newCode().code, GOOD), refused('too-many-sign-ins'));
  time.now += 2_000;
  await signIns.open(signIns.newCode().code, GOOD);
});
