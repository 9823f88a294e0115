import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';
import { connectSv1, type Sv1Answer, type Sv1Client, type Sv1Share } from '../harness/sv1-client.ts';

/** Shares of some thousands of hashes: a test client finds them in milliseconds. */
const BITS = 12;
const SUGGESTION = 2 ** (BITS - 32);

/** What may refuse a good share here: its job ended meanwhile, or the pool is away. */
const EXCUSES = /^(Stale|No answer from the pool: .*)$/;

const { curve } = await loadCrypto();

/** An appliance without its own miner, whose jobs stay as they are while a test mines. */
function appliance(t: TestContext): Promise<TestAppliance> {
  return startAppliance(t, { without: ['miner'] });
}

async function miner(t: TestContext, { sv1Port }: TestAppliance, username: string): Promise<Sv1Client> {
  const client = await connectSv1(sv1Port);
  t.after(() => client.close());
  await client.request('mining.suggest_difficulty', [SUGGESTION]);
  await client.start(username);
  return client;
}

/** Mines and submits until a share is true. */
async function mineOne(client: Sv1Client, username: string): Promise<Sv1Share> {
  for (;;) {
    const share = client.mineShare();
    const { result, error } = await client.submit(username, share);
    if (result === true) return share;
    assert.match(String(error?.[1]), EXCUSES);
  }
}

/** Mines until `count` shares are true; gives their hashes in display order. */
async function mine(client: Sv1Client, username: string, count: number): Promise<string[]> {
  const accepted: string[] = [];
  while (accepted.length < count) accepted.push((await mineOne(client, username)).hash);
  return accepted;
}

/** The shares of the outbox by hash (display order), with the keys they pay. */
function outboxOf({ state }: TestAppliance): Map<string, string> {
  const outbox = readOutbox(join(state.role('pool'), 'outbox.sqlite'));
  try {
    const shares = new Map<string, string>();
    for (const { hashLe, key } of outbox.shares()) shares.set(toHex(reversed(hashLe)), toHex(key));
    return shares;
  } finally {
    outbox.close();
  }
}

test('what is answered true is in the outbox, under the key of the miner who found it', async (t) => {
  const running = await appliance(t);
  const key = curve.publicKey(new Uint8Array(32).fill(9));
  const username = `${encodeHpub(key)}.rig1`;
  const keyed = await miner(t, running, username);
  const named = await miner(t, running, 'name.rig2');
  assert.equal(keyed.difficulty, SUGGESTION);
  const [ofKey, ofName] = await Promise.all([mine(keyed, username, 15), mine(named, 'name.rig2', 15)]);

  const share = await mineOne(keyed, username);
  // A share is a block of regtest too: this one may have ended its own job.
  const isTrueOr = ({ result, error }: Sv1Answer, code: number) =>
    result === true || [code, 21].includes(error?.[0] ?? 0);
  assert.ok(isTrueOr(await keyed.submit(username, share), 22), 'a share sent twice is one share');
  const weak = keyed.mineShare({ difficulty: SUGGESTION / 16 });
  assert.ok(isTrueOr(await keyed.submit(username, weak), 23));

  await running.until('the wallet to collect', () => running.figures().wallet > 0n);
  await running.stop();
  const outbox = outboxOf(running);
  for (const hash of [...ofKey, share.hash]) assert.equal(outbox.get(hash), toHex(key));
  for (const hash of ofName) assert.ok(outbox.has(hash) && outbox.get(hash) !== toHex(key));
  const audit = running.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.ok(audit.waiting > 0n, 'the ehash of the key waits for its owner, and the wallet did not take it');
});

test('the pool is killed and comes back: miners go on, and no true share is missing', async (t) => {
  const running = await appliance(t);
  const patient = await miner(t, running, 'patient');
  await patient.request('mining.extranonce.subscribe');
  const plain = await miner(t, running, 'plain');
  const before = await mine(patient, 'patient', 5);
  const from = patient.notes.length;
  await running.kill('pool');
  await patient.note('mining.set_extranonce', from);
  const after = await mine(patient, 'patient', 5);
  assert.equal(patient.closed, false, 'a miner that can be told its new extranonce stays connected');

  // One that can't is hung up on, and mines again as soon as it comes back.
  await plain.untilClosed();
  const back = await miner(t, running, 'plain');
  const more = await mine(back, 'plain', 5);

  await running.stop();
  const outbox = outboxOf(running);
  for (const hash of [...before, ...after, ...more]) assert.ok(outbox.has(hash));
  assert.deepEqual(running.audit().disagreements, []);
});

test('with the mint away mining goes on, and its ehash comes when it is back', async (t) => {
  const running = await appliance(t);
  const client = await miner(t, running, 'name');
  const killing = running.kill('mint');
  await mine(client, 'name', 5);
  await killing;
  await running.until('the wallet to collect', () => {
    const { wallet, waiting } = running.figures();
    return wallet >= 5n * 2n ** BigInt(BITS) && waiting === 0n;
  });
  await running.stop();
  assert.deepEqual(running.audit().disagreements, []);
});
