import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeFrame, encodeFrame, type Frame, MAX_FRAME } from '../../../../runtime/sql/journal/frame.ts';
import { framesAfter, framesOf, type Position } from '../../../../runtime/sql/journal/reader.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const START: Position = { seq: 0n, chain: new Uint8Array(32).fill(7) };
/** What frames hold; input is [text, bytes, amount]. */
const call = (text: string) => ({ name: 'spend', input: [text, randomBytes(3), 5n] });

/** Frames in a row from a position on, and their bytes. */
function row(texts: readonly string[], from = START, time = 1, turn?: bigint) {
  let at = from;
  return texts.map((text) => {
    const fields = { seq: at.seq + 1n, time, turn, previous: at.chain, version: 1, calls: [call(text)] };
    const { bytes, chain } = encodeFrame(fields);
    at = { seq: fields.seq, chain };
    return { ...fields, chain, bytes };
  });
}

function fileOf(...bytes: readonly Uint8Array[]): string {
  const file = join(temporaryFolder(), 'test.journal');
  writeFileSync(file, Buffer.concat(bytes));
  return file;
}

const texts = (frames: Iterable<Frame>) =>
  [...frames].map(({ calls }) => (Array.isArray(calls[0]?.input) ? calls[0].input[0] : undefined));

test('a frame comes back as it was, bytes and big integers among it', () => {
  const [frame] = row(['a']);
  assert.ok(frame);
  const { bytes, ...fields } = frame;
  const found = decodeFrame(Buffer.concat([bytes, randomBytes(9)]));
  assert.deepEqual(found?.frame, fields);
  assert.equal(found?.length, bytes.length);
});

test('what no reader would take for a frame is not written', () => {
  const calls = [{ name: 'spend', input: new Uint8Array(MAX_FRAME) }];
  const fields = { seq: 1n, time: 1, turn: undefined, previous: START.chain, version: 1, calls };
  assert.throws(() => encodeFrame(fields), { code: 'journal-unwritable' });
});

test('a file that ends at any byte gives the frames before it', () => {
  const [first, second] = row(['a', 'b']);
  assert.ok(first && second);
  for (let length = 0; length < second.bytes.length; length++) {
    const torn = fileOf(first.bytes, second.bytes.subarray(0, length));
    assert.deepEqual(texts(framesOf(torn)), ['a'], `cut at ${length}`);
    const unwritten = fileOf(first.bytes, second.bytes.subarray(0, length), new Uint8Array(200));
    assert.deepEqual(texts(framesOf(unwritten)), ['a'], `zeros from ${length} on`);
  }
});

test('a byte that is wrong before other frames is damage, and not the end', () => {
  const [first, second, third] = row(['a', 'b', 'c']);
  assert.ok(first && second && third);
  for (let at = 0; at < second.bytes.length; at++) {
    const wrong = Buffer.from(second.bytes);
    wrong[at] = (wrong[at] ?? 0) ^ 0x40;
    const file = fileOf(first.bytes, wrong, third.bytes);
    assert.throws(() => [...framesOf(file)], { code: 'journal-damaged' }, `byte ${at}`);
  }
});

test('frames follow over files, from any position on', () => {
  const frames = row(['a', 'b', 'c', 'd']);
  const [a, b, c, d] = frames;
  assert.ok(a && b && c && d);
  const files = [fileOf(b.bytes, d.bytes), fileOf(a.bytes, c.bytes)];
  assert.deepEqual(texts(framesAfter(files, START)), ['a', 'b', 'c', 'd']);
  assert.deepEqual(texts(framesAfter(files, b)), ['c', 'd']);
  assert.deepEqual(texts(framesAfter(files, d)), []);
  assert.throws(() => [...framesAfter([fileOf(d.bytes)], b)], { code: 'journal-gap' });
  assert.throws(() => [...framesAfter(files, { ...a, chain: START.chain })], { code: 'journal-gap' });
});

test('of a transaction that was tried more than once the one counts that others follow, else the latest', () => {
  const [a] = row(['a']);
  const [failed] = row(['failed'], a, 9);
  const [again, after] = row(['again', 'after'], a, 5);
  assert.ok(a && failed && again && after);
  assert.deepEqual(texts(framesAfter([fileOf(a.bytes, failed.bytes, again.bytes, after.bytes)], START)), [
    'a',
    'again',
    'after',
  ]);
  const files = [fileOf(a.bytes, failed.bytes), fileOf(again.bytes)];
  assert.deepEqual(texts(framesAfter(files, START)), ['a', 'failed']);
  assert.deepEqual(texts(framesAfter([...files, fileOf(after.bytes)], START)), ['a', 'again', 'after']);
});

test('at the end of a journal turns count before clocks, and the order of a file before both', () => {
  const [a] = row(['a']);
  assert.ok(a);
  const end = (...files: (ReturnType<typeof row>[number] | undefined)[][]) =>
    texts(
      framesAfter(
        files.map((frames) => fileOf(...frames.flatMap((frame) => frame?.bytes ?? []))),
        a,
      ),
    );
  const [slow] = row(['slow clock'], a, 5, 12n);
  const [fast] = row(['fast clock'], a, 9, 11n);
  assert.deepEqual(end([slow], [fast]), ['slow clock']);
  assert.deepEqual(end([fast], [slow]), ['slow clock']);
  const [early, back] = [row(['early'], a, 9)[0], row(['after the clock was set back'], a, 5)[0]];
  assert.deepEqual(end([early, back]), ['after the clock was set back']);
  assert.deepEqual(end([early], [slow]), ['early'], 'of an older program, by the clock');
  const [tie] = row(['of another process'], a, 9);
  assert.throws(() => end([early], [tie]), { code: 'journal-tie', message: /either may have been answered/ });
  assert.deepEqual(end([early], [early]), ['early'], 'a copy of a file is no other transaction');
  const [followed, next] = row(['followed', 'next'], a, 9);
  assert.deepEqual(end([tie], [followed], [next]), ['followed', 'next']);
});
