import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../../protocols/bytes.ts';
import { targetOfDifficulty } from '../../../../protocols/sv1/difficulty.ts';
import { notifyLine } from '../../../../protocols/sv1/messages.ts';
import { HashrateMeter } from '../../../../roles/miner/hashrate.ts';
import { Rig, type Scanner } from '../../../../roles/miner/rig.ts';
import {
  isShare,
  scanBits,
  submitParams,
  type Task,
  taskOf,
  type WorkUnit,
  workUnit,
} from '../../../../roles/miner/work.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { headerOf, jobOfNotify, workOf } from '../../../harness/sv1-work.ts';

const { hash } = await loadCrypto();
const job = {
  jobId: '1a',
  prevHashLe: Uint8Array.from({ length: 32 }, (_, index) => index),
  coinbasePrefix: new Uint8Array(50).fill(1),
  coinbaseSuffix: new Uint8Array(60).fill(2),
  merklePath: [new Uint8Array(32).fill(3)],
  version: 0x20000000,
  nbits: 0x207fffff,
  ntime: 1_700_000_000,
  cleanJobs: true,
};
const extranonce = { extranonce1: Uint8Array.of(0xab, 0xcd), extranonce2Size: 3 };

test('the header of a unit is the one that the test client builds by itself', () => {
  const task = taskOf(job, extranonce, 2 ** -20, 0x1fffe000);
  for (const index of [0, 1, 258, 70_000]) {
    const unit = workUnit(hash, task, index);
    const params = submitParams('name', unit, 0xdeadbeef);
    assert.deepEqual(params.slice(0, 2), ['name', '1a']);
    const seen = jobOfNotify(JSON.parse(notifyLine(job)).params);
    const header = headerOf(seen, {
      extranonce1: 'abcd',
      extranonce2: params[2] ?? '',
      ntime: params[3] ?? '',
      nonce: 0,
      version: job.version | Number.parseInt(params[5] ?? '', 16),
    });
    assert.equal(toHex(unit.header), header.toString('hex'), `unit ${index}`);
  }
});

test('units differ in extranonce2, and in version bits where they may', () => {
  const plain = taskOf(job, extranonce, 1, 0);
  assert.deepEqual(workUnit(hash, plain, 0x010203).extranonce2, Uint8Array.of(1, 2, 3));
  assert.equal(workUnit(hash, plain, 5).versionBits, 0);
  assert.equal(submitParams('name', workUnit(hash, plain, 5), 0).length, 5);
  const rolling = taskOf(job, extranonce, 1, 0x1fffe000);
  assert.equal(workUnit(hash, rolling, 5).versionBits, 5 << 13);
  assert.equal(workUnit(hash, rolling, 0xffff).versionBits, 0x1fffe000);
  assert.equal(workUnit(hash, rolling, 0x10000).versionBits, 0);
});

test('a scan looks for the zero bits of the target, and a share is checked against all of it', () => {
  const task = taskOf(job, extranonce, 2 ** -24, 0);
  assert.equal(scanBits(task), 8);
  const unit = workUnit(hash, task, 0);
  const nonce = hash.scanNonces(unit.header, 0, 100_000, 8);
  assert.ok(nonce !== undefined && isShare(hash, unit, nonce));
  const header = Buffer.from(unit.header);
  header.writeUInt32LE(nonce, 76);
  const work = workOf(header);
  assert.ok(work <= targetOfDifficulty(2 ** -24));
  assert.equal(isShare(hash, { ...unit, task: { ...task, target: work } }, nonce), true);
  assert.equal(isShare(hash, { ...unit, task: { ...task, target: work - 1n } }, nonce), false);
});

async function mineFor(
  t: { after: (fn: () => unknown) => void },
  options: { threads: number; maxHashrate?: number; scan?: Scanner },
) {
  const found: { unit: WorkUnit; nonce: number }[] = [];
  const rig = new Rig({
    threads: options.threads,
    maxHashrate: options.maxHashrate,
    hash,
    scan:
      options.scan ?? (async ({ header, first, count, bits }) => hash.scanNonces(header, first, count, bits)),
    found: (unit, nonce) => {
      found.push({ unit, nonce });
    },
    failed: (error) => assert.fail(error),
  });
  t.after(() => rig.close());
  return { rig, found };
}

const easy = (): Task => taskOf(job, extranonce, 2 ** -24, 0);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a rig finds shares of the task it has, each on another header per thread, and rests without one', async (t) => {
  const { rig, found } = await mineFor(t, { threads: 2, maxHashrate: 200_000 });
  rig.work(easy());
  while (found.length < 20) await pause(5);
  const headers = new Set(found.map(({ unit }) => toHex(unit.extranonce2)));
  assert.equal(headers.size, 2);
  assert.ok(found.every(({ unit, nonce }) => isShare(hash, unit, nonce)));
  const nonces = found.map(({ unit, nonce }) => `${toHex(unit.extranonce2)} ${nonce}`);
  assert.equal(new Set(nonces).size, nonces.length, 'none twice');
  rig.work(undefined);
  await pause(20);
  const { hashes } = rig;
  await pause(30);
  assert.equal(rig.hashes, hashes);
});

test('a new task takes the place of the old at once', async (t) => {
  const { rig, found } = await mineFor(t, { threads: 1, maxHashrate: 100_000 });
  rig.work(easy());
  while (found.length < 3) await pause(5);
  const next = easy();
  rig.work(next);
  const from = found.length;
  while (found.length < from + 3) await pause(5);
  assert.ok(found.slice(from).every(({ unit }) => unit.task === next));
});

test('a capped rig keeps to its hash rate', async (t) => {
  const { rig } = await mineFor(t, { threads: 2, maxHashrate: 20_000 });
  rig.work(taskOf(job, extranonce, 1, 0));
  await pause(600);
  assert.ok(rig.hashes > 0 && rig.hashes <= 25_000, `${rig.hashes} hashes`);
});

test('the rate is that of the last ten seconds', () => {
  const meter = new HashrateMeter();
  assert.equal(meter.read(0, 0), 0);
  assert.equal(meter.read(1000, 500), 500);
  for (let second = 2; second <= 30; second++) meter.read(1000 * second, 500 * second);
  assert.equal(meter.read(31_000, 500 * 30 + 11_000), (500 * 9 + 11_000) / 10);
});
