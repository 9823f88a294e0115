import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../../protocols/bytes.ts';
import { targetOfDifficulty } from '../../../../protocols/sv1/difficulty.ts';
import { notifyLine } from '../../../../protocols/sv1/messages.ts';
import { HashrateMeter } from '../../../../roles/miner/hashrate.ts';
import { hashpool } from '../../../../roles/miner/profiles/hashpool.ts';
import { nerdminer } from '../../../../roles/miner/profiles/nerdminer.ts';
import { profiles } from '../../../../roles/miner/profiles/profiles.ts';
import {
  hashesPerShare,
  type Layout,
  scanBits,
  shareHash,
  submitParams,
  type Task,
  taskOf,
  workUnit,
} from '../../../../roles/miner/work.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { headerOf, jobOfNotify, workOf } from '../../../harness/sv1-work.ts';
import { testExtranonce as extranonce, testJob as job } from './test-job.ts';

const { hash } = await loadCrypto();

function unitOf(layout: Layout, task: Task, index: number) {
  const unit = workUnit(hash, layout, task, index);
  assert.ok(unit !== undefined, `there is a header ${index}`);
  return unit;
}

test('the header of a unit is the one that the test client builds by itself, for each way of counting', () => {
  const task = taskOf(job, extranonce, 2 ** -20, 0x1fffe000);
  for (const profile of profiles) {
    for (const index of profile.extranonce2 === 'fixed' ? [0] : [0, 1, 258, 70_000]) {
      const unit = unitOf(profile, task, index);
      const params = submitParams(profile, 'name', unit, 0xdeadbeef);
      assert.deepEqual([params[0], params[1], params[4]], ['name', '1a', 'deadbeef']);
      const header = headerOf(jobOfNotify(JSON.parse(notifyLine(job)).params), {
        extranonce1: 'abcd',
        extranonce2: params[2] ?? '',
        ntime: params[3] ?? '',
        nonce: 0,
        version: job.version | Number.parseInt(params[5] ?? '', 16),
      });
      assert.equal(toHex(unit.header), header.toString('hex'), `${profile.name}, unit ${index}`);
    }
  }
});

test('units differ in extranonce2 until it has been through, and in version bits where they may', () => {
  const plain = taskOf(job, extranonce, 1, 0);
  const size = (extranonce2: Layout['extranonce2']) => ({ ...hashpool, extranonce2 });
  assert.deepEqual(unitOf(size('last-byte'), plain, 0x010203).extranonce2, Uint8Array.of(1, 2, 3));
  assert.deepEqual(unitOf(size('first-byte'), plain, 0x010203).extranonce2, Uint8Array.of(3, 2, 1));
  assert.deepEqual(unitOf(size('fixed'), plain, 0).extranonce2, Uint8Array.of(0, 0, 1));
  assert.equal(workUnit(hash, size('fixed'), plain, 1), undefined);
  assert.ok(workUnit(hash, size('first-byte'), plain, 2 ** 24 - 1));
  assert.equal(workUnit(hash, size('first-byte'), plain, 2 ** 24), undefined);
  assert.equal(unitOf(hashpool, plain, 5).versionBits, 0);
  assert.equal(submitParams(hashpool, 'name', unitOf(hashpool, plain, 5), 0).length, 5);
  const rolling = taskOf(job, extranonce, 1, 0x1fffe000);
  assert.equal(unitOf(hashpool, rolling, 5).versionBits, 5 << 13);
  assert.equal(unitOf(hashpool, rolling, 0xffff).versionBits, 0x1fffe000);
  assert.equal(unitOf(hashpool, rolling, 0x10000).versionBits, 0);
});

test('a nonce is written as the firmware writes it', () => {
  const unit = unitOf(nerdminer, taskOf(job, extranonce, 1, 0), 0);
  assert.equal(submitParams(nerdminer, 'name', unit, 0xabc)[4], 'abc');
  assert.equal(submitParams(hashpool, 'name', unit, 0xabc)[4], '00000abc');
  assert.equal(unit.firstNonce, 0xda54e700);
});

test('a scan looks for the zero bits of the target, and a share is checked against all of it', () => {
  const task = taskOf(job, extranonce, 2 ** -24, 0);
  assert.equal(scanBits(task), 8);
  assert.equal(hashesPerShare(task), 256n);
  const unit = unitOf(hashpool, task, 0);
  const nonce = hash.scanNonces(unit.header, 0, 100_000, 8);
  assert.ok(nonce !== undefined);
  const header = Buffer.from(unit.header);
  header.writeUInt32LE(nonce, 76);
  const work = workOf(header);
  assert.ok(work <= targetOfDifficulty(2 ** -24));
  const hashLe = shareHash(hash, { ...unit, task: { ...task, target: work } }, nonce);
  assert.equal(hashLe === undefined ? '' : toHex(hashLe.toReversed()), work.toString(16).padStart(64, '0'));
  assert.equal(shareHash(hash, { ...unit, task: { ...task, target: work - 1n } }, nonce), undefined);
});

test('the rate is that of the last ten seconds', () => {
  const meter = new HashrateMeter();
  assert.equal(meter.read(0, 0), 0);
  assert.equal(meter.read(1000, 500), 500);
  for (let second = 2; second <= 30; second++) meter.read(1000 * second, 500 * second);
  assert.equal(meter.read(31_000, 500 * 30 + 11_000), (500 * 9 + 11_000) / 10);
});
