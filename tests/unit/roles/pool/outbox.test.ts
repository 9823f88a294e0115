import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { Terms } from '../../../../protocols/ehash/work-link.ts';
import {
  packWorkRecord,
  unpackWorkRecords,
  WORK_RECORD_BYTES,
} from '../../../../protocols/ehash/work-record.ts';
import { Outbox } from '../../../../roles/pool/outbox/outbox.ts';
import type { FoundBlock } from '../../../../services/template-client/found-block.ts';

const terms: Terms = {
  policy: 'hash',
  minimumDifficulty: 16,
  unit: 'hash_02_1',
  keysetId: new Uint8Array(33).fill(3),
};

function temporaryPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-outbox-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'outbox.sqlite');
}

const header = (seq: number, prevHash = 1): Uint8Array => {
  const bytes = new Uint8Array(80).fill(prevHash, 4, 36);
  new DataView(bytes.buffer).setUint32(76, seq);
  return bytes;
};

/** Packed records of shares `first` to `last`. */
function records(first: number, last: number, prevHash = 1): Uint8Array {
  const packed = new Uint8Array((last - first + 1) * WORK_RECORD_BYTES);
  for (let seq = first; seq <= last; seq++) {
    const key = new Uint8Array(33).fill(2);
    packWorkRecord(packed, (seq - first) * WORK_RECORD_BYTES, header(seq, prevHash), 20, key);
  }
  return packed;
}

const seqOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(76);
const seqsOf = (packed: Uint8Array): number[] =>
  unpackWorkRecords(packed).map(({ header: bytes }) => seqOf(bytes));
const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** What an earlier run stored, as it comes. */
const portions = (outbox: Outbox, prevHash: number): Promise<Uint8Array[]> =>
  Array.fromAsync(outbox.storedEarlier(new Uint8Array(32).fill(prevHash)));

describe('outbox', () => {
  it('numbers shares from 1 and reads them across commits, from anywhere', async (t) => {
    const outbox = await Outbox.open(temporaryPath(t));
    assert.deepEqual([outbox.lastSeq, outbox.storedSeq, outbox.terms], [0, 0, undefined]);
    assert.deepEqual(await outbox.append(records(1, 3), 3), { first: 1, last: 3 });
    await Promise.all([outbox.append(records(4, 4), 1), outbox.append(records(5, 9), 5)]);
    assert.equal(outbox.lastSeq, 9);
    for (const first of upTo(1, 10)) {
      assert.deepEqual(seqsOf(await outbox.read(first, 4)), upTo(first, Math.min(first + 3, 9)));
    }
    assert.deepEqual(seqsOf(await outbox.read(1, 100)), upTo(1, 9));
    await outbox.close();
  });

  it('is where it was after it is opened again', async (t) => {
    const path = temporaryPath(t);
    const before = await Outbox.open(path);
    await before.append(records(1, 5), 5);
    await before.acknowledged({
      storedSeq: 4,
      backedUpSeq: 2,
      refusals: [{ seq: 2n, reason: 'unknown prev hash' }],
    });
    await before.keepTerms({ ...terms, policy: 'target' });
    await before.keepTerms(terms);
    await before.close();
    const after = await Outbox.open(path);
    assert.deepEqual(after.outboxId, before.outboxId);
    assert.deepEqual([after.lastSeq, after.storedSeq], [5, 4]);
    assert.deepEqual(after.terms, terms);
    assert.deepEqual(await after.append(records(6, 6), 1), { first: 6, last: 6 });
    await after.close();
    const db = new DatabaseSync(path, { readOnly: true });
    const refused = db
      .prepare('SELECT seq, reason FROM refusals')
      .all()
      .map((row) => ({ ...row }));
    assert.deepEqual(refused, [{ seq: 2, reason: 'unknown prev hash' }]);
    assert.equal(
      db.prepare('SELECT count(*) AS rows FROM commits').get()?.['rows'],
      2,
      'one row for each commit',
    );
    db.close();
  });

  it('gives back what an earlier run stored on a prev hash, in portions', async (t) => {
    const path = temporaryPath(t);
    const before = await Outbox.open(path);
    await before.append(records(1, 2, 1), 2);
    const both = Buffer.concat([records(3, 3, 1), records(4, 5, 7)]);
    await before.append(Uint8Array.from(both), 3);
    assert.deepEqual(await portions(before, 7), [], 'its own run knows them itself');
    await before.close();
    const after = await Outbox.open(path);
    await after.append(records(6, 6, 7), 1);
    assert.deepEqual(
      (await portions(after, 7)).map(seqsOf),
      [[3, 4, 5]],
      'their whole commit, and none of this run',
    );
    assert.deepEqual((await portions(after, 1)).map(seqsOf), [[1, 2, 3, 4, 5]]);
    assert.deepEqual(await portions(after, 9), []);
    await after.close();
  });

  it('gives back many in more than one portion', async (t) => {
    const path = temporaryPath(t);
    const before = await Outbox.open(path);
    await before.append(records(1, 5000, 7), 5000);
    await before.close();
    const after = await Outbox.open(path);
    const counts = (await portions(after, 7)).map((each) => seqsOf(each));
    assert.ok(counts.length > 1);
    assert.deepEqual(counts.flat(), upTo(1, 5000));
    await after.close();
  });

  it('refuses a row that does not hold what it says', async (t) => {
    const outbox = await Outbox.open(temporaryPath(t));
    await assert.rejects(outbox.append(records(1, 2), 3));
    assert.deepEqual(await outbox.append(records(1, 2), 2), { first: 1, last: 2 });
    await outbox.close();
  });

  it('has all that it said it has when its process is killed', async (t) => {
    const path = temporaryPath(t);
    const child = fork(new URL('./outbox-writer.ts', import.meta.url), [path], { execArgv: [] });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    let stored = 0;
    await new Promise<void>((resolve) => {
      child.on('message', (last) => {
        stored = Number(last);
        if (stored > 2000) resolve();
      });
    });
    child.kill('SIGKILL');
    await exited;
    const outbox = await Outbox.open(path);
    assert.ok(outbox.lastSeq >= stored, `${outbox.lastSeq} of ${stored}`);
    assert.deepEqual(seqsOf(await outbox.read(1, outbox.lastSeq)), upTo(1, outbox.lastSeq));
    await outbox.close();
  });

  it('keeps found blocks until their fate is known, over a restart', async (t) => {
    const path = temporaryPath(t);
    const blocks = [1, 2, 3].map((fill) => ({
      hashLe: new Uint8Array(32).fill(fill),
      header: new Uint8Array(80).fill(fill),
      templateId: 2n ** 64n - BigInt(fill),
      coinbaseTx: Uint8Array.of(fill),
    }));
    const outbox = await Outbox.open(path);
    for (const block of [...blocks, ...blocks]) await outbox.addBlock(block);
    const [first, second, third] = blocks;
    assert.ok(first && second && third);
    await outbox.settleBlock(first.hashLe, 'seen');
    await outbox.settleBlock(third.hashLe, 'given-up');
    await outbox.close();
    const again = await Outbox.open(path);
    assert.deepEqual(await again.unseenBlocks(), [second]);
    assert.deepEqual(
      await again.countBlocks(),
      { found: 3, confirmed: 0, orphaned: 1 },
      'given up is orphaned',
    );
    const stands = (block: FoundBlock, state: 'found' | 'confirmed' | 'orphaned') =>
      again.keepBlockState({ hashLe: block.hashLe, state, height: 7, confirmations: 1 });
    assert.deepEqual(
      [await stands(first, 'found'), await stands(first, 'found'), await stands(first, 'orphaned')],
      [true, false, true],
    );
    assert.equal(await stands(third, 'confirmed'), true, 'the node had it after all');
    assert.equal(await stands({ ...first, hashLe: new Uint8Array(32) }, 'found'), false, 'of another outbox');
    assert.deepEqual(await again.countBlocks(), { found: 3, confirmed: 1, orphaned: 1 });
    await again.close();
  });
});
