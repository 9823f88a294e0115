import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HashpoolError } from '../../../protocols/errors.ts';
import { refusalInWords, refusals } from '../../../protocols/sv1/errors.ts';
import { parseLine } from '../../../protocols/sv1/line.ts';
import {
  errorLine,
  notifyLine,
  requestLine,
  resultLine,
  setDifficultyLine,
  setExtranonceLine,
  setVersionMaskLine,
  showMessageLine,
} from '../../../protocols/sv1/messages.ts';
import {
  parseExtranonce,
  parseNotify,
  parseSetDifficulty,
  parseSubscribeResult,
} from '../../../protocols/sv1/server-messages.ts';
import { headerOf, jobOfNotify } from '../../harness/sv1-work.ts';

test('a line is a request, a notification or a response', () => {
  assert.deepEqual(parseLine('{"id":1,"method":"mining.ping"}'), {
    kind: 'request',
    id: 1,
    method: 'mining.ping',
    params: [],
  });
  assert.equal(parseLine('{"id":null,"method":"mining.ping","params":[]}').kind, 'notification');
  assert.equal(parseLine('{"jsonrpc":"2.0","id":"a","result":true,"error":null}').kind, 'response');
});

test('anything else is a bad line, in words', () => {
  const wrong = [
    '',
    'GET / HTTP/1.1',
    '[]',
    'null',
    '1',
    '{}',
    '{"id":1}',
    '{"id":{},"method":"a"}',
    '{"id":true,"method":"a"}',
    '{"id":1,"method":""}',
    '{"id":1,"method":7}',
    `{"id":"${'x'.repeat(65)}","method":"a"}`,
    '{"id":1,"method":"a"',
  ];
  for (const line of wrong) {
    assert.throws(() => parseLine(line), { code: 'bad-sv1-line' }, line);
  }
});

test('no text at all makes the parser throw anything but its own error', () => {
  const texts = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseLine(text);
      } catch (error) {
        assert.ok(error instanceof HashpoolError && error.code === 'bad-sv1-line');
      }
    }),
  );
});

test('answers and requests are single lines of JSON', () => {
  assert.equal(resultLine(7, true), '{"id":7,"result":true,"error":null}\n');
  assert.equal(errorLine(null, refusals.stale), '{"id":null,"result":null,"error":[21,"Stale",null]}\n');
  assert.equal(requestLine(1, 'mining.ping', []), '{"id":1,"method":"mining.ping","params":[]}\n');
  assert.equal(
    setVersionMaskLine(0xe000),
    '{"id":null,"method":"mining.set_version_mask","params":["0000e000"]}\n',
  );
  assert.equal(showMessageLine('a\nb').split('\n').length, 2);
  assert.equal(
    setDifficultyLine('0.000244140625'),
    '{"id":null,"method":"mining.set_difficulty","params":[0.000244140625]}\n',
  );
});

test('words for a miner are short and printable', () => {
  assert.equal(refusalInWords(24, 'a\r\n\u0000b').words, 'a b');
  assert.equal(refusalInWords(20, 'x'.repeat(500)).words.length, 120);
});

test('a job told by notify is read back as it was, and by the test client to the same header', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const u32 = fc.nat(0xffffffff);
  const fields = {
    jobId: fc.nat().map((id) => id.toString(16)),
    prevHashLe: bytes(32),
    coinbasePrefix: bytes(60),
    coinbaseSuffix: bytes(70),
    merklePath: fc.array(bytes(32), { maxLength: 12 }),
    version: u32,
    nbits: u32,
    ntime: u32,
    cleanJobs: fc.boolean(),
  };
  const jobs = fc.record(fields, { noNullPrototype: true });
  fc.assert(
    fc.property(jobs, (job) => {
      const message = parseLine(notifyLine(job).trimEnd());
      assert.equal(message.kind, 'notification');
      if (message.kind !== 'notification') return;
      assert.deepEqual(parseNotify(message.params), job);
      const seen = jobOfNotify(message.params as unknown[]);
      const header = headerOf(seen, {
        extranonce1: '00',
        extranonce2: '00',
        ntime: seen.ntime,
        nonce: 1,
        version: job.version,
      });
      assert.deepEqual(new Uint8Array(header.subarray(4, 36)), job.prevHashLe);
    }),
  );
});

test("a client refuses a pool's malformed messages in words", () => {
  const good: unknown[] = ['1', '00'.repeat(32), '00', '00', [], '20000000', '207fffff', '00000001', true];
  assert.equal(parseNotify(good).jobId, '1');
  const wrong: [number, unknown][] = [
    [0, 1],
    [1, '00'],
    [2, '0'],
    [3, 'zz'],
    [4, ['00']],
    [4, new Array(25).fill('00'.repeat(32))],
    [5, '2'],
    [6, 1],
    [7, null],
  ];
  for (const [index, value] of wrong) {
    assert.throws(() => parseNotify(good.with(index, value)), { code: 'bad-sv1-notify' }, `field ${index}`);
  }
  assert.throws(() => parseNotify(good.slice(0, 8)), { code: 'bad-sv1-notify' });
  assert.deepEqual(parseSubscribeResult([[], 'abcd', 4]), {
    extranonce1: Uint8Array.of(0xab, 0xcd),
    extranonce2Size: 4,
  });
  for (const extranonce of [null, [], ['ab', 0], ['ab', 33], ['ab', 1.5], ['abc', 4], ['00'.repeat(33), 4]]) {
    assert.throws(() => parseExtranonce(extranonce), { code: 'bad-sv1-notify' });
  }
  const told = parseLine(setExtranonceLine(Uint8Array.of(1, 2), 4).trimEnd());
  assert.ok(told.kind === 'notification');
  assert.deepEqual(parseExtranonce(told.params), { extranonce1: Uint8Array.of(1, 2), extranonce2Size: 4 });
  assert.equal(parseSetDifficulty([0.5]), 0.5);
  for (const difficulty of [[], [0], ['1'], null]) {
    assert.throws(() => parseSetDifficulty(difficulty), { code: 'bad-sv1-notify' });
  }
});
