import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import {
  exponentAtMost,
  leBytesToTarget,
  powerTarget,
  targetToLeBytes,
} from '../../../../protocols/bitcoin/target.ts';
import {
  KNOWN_MS,
  KnownDifficulties,
  MAX_KNOWN_WORKERS,
} from '../../../../roles/translator/known-difficulties.ts';
import { connectSv1 } from '../../../harness/sv1-client.ts';
import { TEST_BITS, translatorUnderTest } from './test-upstream.ts';

const silent = pino({ level: 'silent' });
const target = (bits: number) => targetToLeBytes(powerTarget(bits));

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'hashpool-known-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function book(t: TestContext, path: string, clock = { now: 1e12 }): KnownDifficulties {
  const known = new KnownDifficulties(path, silent, () => clock.now);
  t.after(() => known.close());
  return known;
}

test('what a worker had last is known after a restart, for a month', async (t) => {
  const path = join(folder(t), 'difficulties.jsonl');
  const clock = { now: 1e12 };
  const first = book(t, path, clock);
  first.note('name.a', target(40));
  first.note('name.a', target(44));
  first.note('name.b', target(20));
  await first.close();
  const second = book(t, path, clock);
  assert.equal(second.recall('name.a'), 44);
  assert.equal(second.recall('name.b'), 20);
  assert.equal(second.recall('name.c'), undefined);
  clock.now += KNOWN_MS;
  assert.equal(second.recall('name.a'), undefined);
});

test('of too many workers the one not heard of for longest goes', (t) => {
  const clock = { now: 1e12 };
  const known = book(t, join(folder(t), 'difficulties.jsonl'), clock);
  const easy = target(20);
  for (let i = 0; i < MAX_KNOWN_WORKERS; i++) known.note(`name.${i}`, easy);
  known.note('name.0', target(21));
  known.note('name.new', easy);
  assert.equal(known.recall('name.0'), 21);
  assert.equal(known.recall('name.1'), undefined);
  assert.equal(known.recall('name.new'), 20);
});

test('a file that is damaged or not to be read costs what it held and nothing else', async (t) => {
  const path = join(folder(t), 'difficulties.jsonl');
  writeFileSync(path, '["name.a",40,1000000000000]\n["name.b"\nnull\n["name.c",-1,1]\n["name.d",63,1]\n');
  const known = book(t, path);
  assert.equal(known.recall('name.a'), 40);
  for (const name of ['name.b', 'name.c', 'name.d']) assert.equal(known.recall(name), undefined);
  known.note('name.b', target(30));
  await known.save();
  assert.equal(readFileSync(path, 'utf8'), '["name.a",40,1000000000000]\n["name.b",30,1000000000000]\n');
  const unreadable = book(t, folder(t));
  assert.equal(unreadable.recall('name.a'), undefined);
});

test('a worker that is back is asked for at its own difficulty, unless it suggests one', async (t) => {
  const difficulties = book(t, join(folder(t), 'difficulties.jsonl'));
  const { miner, upstream, connect } = await translatorUnderTest(t, { difficulties });
  const { client } = await miner('name.a');
  assert.equal((await client.submit('name.a', client.mineShare())).result, true);
  assert.equal(difficulties.recall('name.a'), TEST_BITS);
  const again = await miner('name.a');
  const told = again.channel.updates.at(-1);
  assert.ok(told);
  // 2^8 hashes a share at 6 shares a minute are 25.6 hashes a second: what is told lies between that and twice as much.
  assert.ok(told.nominalHashRate > 25.6 && told.nominalHashRate < 51.2);
  assert.equal(exponentAtMost(leBytesToTarget(told.maximumTargetLe)), 32, 'the easiest that is given stays');
  const asking = await connect();
  await asking.request('mining.suggest_difficulty', [2 ** (40 - 32)]);
  await asking.subscribe();
  const { request } = upstream.last;
  await asking.authorize('name.a');
  assert.equal(exponentAtMost(leBytesToTarget(request.maximumTargetLe)), 40);
});

test('a further port has difficulties of its own, and a least one that no wish goes below', async (t) => {
  const { server, upstream } = await translatorUnderTest(t);
  const hobby = await server.listenAlso('127.0.0.1', 0, {
    minIndividualMinerHashrate: 50_000,
    easiestBits: 0,
  });
  const large = await server.listenAlso('127.0.0.1', 0, { leastBits: 44 });
  const opened = async (port: number, suggested?: number) => {
    const client = await connectSv1(port);
    t.after(() => client.close());
    if (suggested !== undefined) await client.request('mining.suggest_difficulty', [suggested]);
    await client.subscribe();
    const { nominalHashRate, maximumTargetLe } = upstream.last.request;
    return { nominalHashRate, bits: exponentAtMost(leBytesToTarget(maximumTargetLe)) };
  };
  assert.deepEqual(await opened(server.port), { nominalHashRate: 1e12, bits: 32 });
  assert.deepEqual(await opened(hobby.port), { nominalHashRate: 50_000, bits: 0 });
  assert.deepEqual(await opened(large.port), { nominalHashRate: 1e12, bits: 44 });
  assert.equal((await opened(server.port, 1)).bits, 32);
  assert.equal((await opened(hobby.port, 0.00015)).bits, 19);
  assert.equal((await opened(large.port, 1)).bits, 44);
  assert.equal((await opened(large.port, 2 ** 20)).bits, 52);
});
