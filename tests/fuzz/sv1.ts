import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { checkUpstreamJob, UpstreamWork } from '../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../domain/shares/seen-shares.ts';
import { messageOf } from '../../protocols/errors.ts';
import { MAX_PROXY_HEADER_BYTES, parseProxyHeader } from '../../protocols/proxy-header.ts';
import { parseConfigure } from '../../protocols/sv1/configure.ts';
import { refusalInWords } from '../../protocols/sv1/errors.ts';
import { parseLine, type Sv1Message } from '../../protocols/sv1/line.ts';
import { LineReader } from '../../protocols/sv1/line-reader.ts';
import { errorLine } from '../../protocols/sv1/messages.ts';
import { parsePassword } from '../../protocols/sv1/password.ts';
import {
  parseAuthorize,
  parseSubmit,
  parseSubscribe,
  parseSuggestDifficulty,
  parseSuggestTarget,
} from '../../protocols/sv1/requests.ts';
import {
  parseExtranonce,
  parseNotify,
  parseSetDifficulty,
  parseSubscribeResult,
} from '../../protocols/sv1/server-messages.ts';
import { seeds } from './corpus.ts';
import type { Target } from './fuzz.ts';
import type { Random } from './random.ts';

const EXTRANONCE2_BYTES = 8;
const FULL_EXTRANONCE_BYTES = 6;
const MAX_NOISE_BYTES = 200;
const MAX_LINE_BYTES = 600;
const refusals = /^(bad-sv1-line|sv1-refused|sv1-line-too-long|bad-sv1-notify|bad-upstream-job)$/;

/** What stands where something else is expected. */
const WORDS = [
  'null',
  'true',
  '-1',
  '0',
  '1e999',
  '-0.0',
  '4294967296',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '"constructor"',
  '[]',
  '{}',
  '[[[[[[[[]]]]]]]]',
  '{"__proto__":[]}',
  '"00000000"',
  '"zzzzzzzz"',
  '"0x000000"',
] as const;

const seen = new SeenShares();

const readers = new Map<string, (params: unknown) => unknown>([
  ['mining.configure', parseConfigure],
  ['mining.subscribe', parseSubscribe],
  ['mining.authorize', readAuthorize],
  ['mining.suggest_difficulty', parseSuggestDifficulty],
  ['mining.suggest_target', parseSuggestTarget],
  ['mining.submit', readSubmit],
  ['mining.notify', readNotify],
  ['mining.set_difficulty', parseSetDifficulty],
  ['mining.set_extranonce', parseExtranonce],
]);

function readAuthorize(params: unknown): void {
  const { username, password } = parseAuthorize(params);
  assert.ok(username.length > 0 && username.length <= 255);
  const { difficulty = 1, fixedDifficulty = 1, bad } = parsePassword(password);
  for (const asked of [difficulty, fixedDifficulty]) assert.ok(asked > 0 && Number.isFinite(asked));
  assert.ok(bad.every((option) => option.length <= 24));
}

/** An upstream's job as the pool takes it: refused in words, or mined on. */
function readNotify(params: unknown): void {
  const fields = parseNotify(params);
  const extranonce = { extranonce1: new Uint8Array(4), extranonce2Size: EXTRANONCE2_BYTES };
  const job = { number: 1n, fields, extranonce, versionMask: 0x1fffe000, isClean: fields.cleanJobs };
  checkUpstreamJob(job, fields.ntime);
  const { live } = new UpstreamWork(1).take(job, seen, FULL_EXTRANONCE_BYTES);
  assert.equal(live.job.coinbasePrefix.length, fields.coinbasePrefix.length + 4 + 2);
  assert.equal(live.tip.targetLe.length, 32);
}

function readSubmit(params: unknown): void {
  const submit = parseSubmit(params, EXTRANONCE2_BYTES);
  assert.equal(submit.extranonce2.length, EXTRANONCE2_BYTES);
  for (const number of [submit.ntime, submit.nonce, submit.versionBits ?? 0]) {
    assert.ok(Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff);
  }
}

/** Reads a message as the end does that it is for, whichever that may be. */
function read(message: Sv1Message): void {
  if (message.kind === 'response') parseSubscribeResult(message.result);
  else readers.get(message.method)?.(message.params);
}

/** A line with some of its values put in place of others, and then perhaps some of its bytes. */
function changed(random: Random, original: Uint8Array): Uint8Array {
  if (random.below(3) === 0) return random.mutate(original);
  let text = Buffer.from(original).toString('latin1');
  for (let changes = 1 + random.below(2); changes > 0; changes--) {
    const values = [...text.matchAll(/"[^"]*"|-?\d+(?:\.\d+)?|null|true|false|\[\]|\{\}/g)];
    const value = values[random.below(values.length + 1)];
    if (!value) continue;
    const word = random.pick(WORDS);
    text = text.slice(0, value.index) + word + text.slice(value.index + value[0].length);
  }
  const bytes = Buffer.from(text, 'latin1');
  return random.below(4) === 0 ? random.mutate(bytes) : bytes;
}

const lines = seeds('sv1');

const parser: Target = {
  name: 'SV1 lines',
  weight: 9,
  refusals,
  run(random) {
    const original = lines[random.below(lines.length)] ?? new Uint8Array(0);
    const isNoise = random.below(16) === 0;
    const line = isNoise ? random.bytes(random.below(MAX_NOISE_BYTES)) : changed(random, original);
    read(parseLine(Buffer.from(line).toString('utf8').trim()));
  },
};

/** However a stream is cut, the same lines come out, and none is longer than the cap. */
const reader: Target = {
  name: 'SV1 streams',
  weight: 1,
  refusals,
  run(random) {
    const parts = Array.from({ length: 1 + random.below(4) }, () =>
      random.mutate(lines[random.below(lines.length)] ?? new Uint8Array(0)),
    );
    const stream = Buffer.concat(parts.flatMap((part) => [part, Uint8Array.of(0x0a)]));
    const whole: string[] = [];
    new LineReader(MAX_LINE_BYTES).read(stream, (line) => whole.push(line));
    const pieces: string[] = [];
    const cut = new LineReader(MAX_LINE_BYTES);
    for (let at = 0; at < stream.length; ) {
      const step = 1 + random.below(100);
      cut.read(stream.subarray(at, at + step), (line) => pieces.push(line));
      at += step;
    }
    assert.deepEqual(pieces, whole);
    assert.ok(whole.every((line) => Buffer.byteLength(line) <= 3 * MAX_LINE_BYTES));
    for (const line of whole) answerable(line);
  },
};

/** What a line is refused with is itself one line of JSON. */
function answerable(line: string): void {
  try {
    parseLine(line);
  } catch (error) {
    const answer = errorLine(null, refusalInWords(20, messageOf(error)));
    assert.equal(answer.indexOf('\n'), answer.length - 1);
  }
}

const v1 = 'PROXY TCP4 203.0.113.7 10.0.0.1 56324 34255\r\n';
const v1Six = 'PROXY TCP6 2001:db8::7 ::ffff:10.0.0.1 56324 34255\r\n';
const v2 = '0d0a0d0a000d0a515549540a2111000fcb0071070a000001dc0485cf040000';
const v2Six = `0d0a0d0a000d0a515549540a21210024${'20010db8'.repeat(8)}dc0485cf`;
const headers = [v1, v1Six, 'PROXY UNKNOWN\r\n'].map((line) => Buffer.from(line));
headers.push(Buffer.from(v2, 'hex'), Buffer.from(v2Six, 'hex'));

/** What a proxy says of its client: a header is as long as it says, whole or not yet, whatever follows. */
const proxies: Target = {
  name: 'PROXY headers',
  weight: 2,
  refusals: /^bad-proxy-header$/,
  run(random) {
    const begun = headers[random.below(headers.length)] ?? Buffer.alloc(0);
    const bytes = random.below(4) === 0 ? begun : random.mutate(begun);
    const header = parseProxyHeader(bytes);
    if (header === undefined) {
      assert.ok(bytes.length < MAX_PROXY_HEADER_BYTES);
      return;
    }
    assert.ok(header.length > 0 && header.length <= bytes.length);
    assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.from('{"id":1}')])), header);
    assert.equal(parseProxyHeader(bytes.subarray(0, header.length - 1)), undefined);
    if (header.client) assert.notEqual(isIP(header.client.address), 0);
  },
};

/** Everything that reads the text of a Stratum V1 peer, miner or pool. */
export const sv1: readonly Target[] = [parser, reader, proxies];
