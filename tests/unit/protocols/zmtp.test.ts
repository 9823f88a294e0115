import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, utf8 } from '../../../protocols/bytes.ts';
import { greeting, PublisherReader, ready, subscription } from '../../../protocols/zmtp.ts';

const READY = Uint8Array.of(0x04, 6, 5, ...utf8('READY'));
const READY_AT = greeting().length;
const NOTICE = concatBytes(
  Uint8Array.of(0x01, 9),
  utf8('hashblock'),
  Uint8Array.of(0x01, 32),
  new Uint8Array(32).fill(7),
  Uint8Array.of(0x00, 4, 1, 0, 0, 0),
);

test('the greeting and the wish are those of RFC 23', () => {
  assert.deepEqual(
    [...greeting().slice(0, 17)],
    [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 0x4e, 0x55, 0x4c, 0x4c, 0],
  );
  assert.equal(greeting().length, 64);
  assert.equal(
    Buffer.from(ready()).toString('latin1'),
    '\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB',
  );
  assert.equal(Buffer.from(subscription('hashblock')).toString('latin1'), '\x00\x0a\x01hashblock');
});

test('messages are read in whatever pieces they come, commands passed over', () => {
  const stream = concatBytes(greeting(), READY, NOTICE, NOTICE);
  for (const size of [1, 7, 64, stream.length]) {
    const reader = new PublisherReader();
    const messages: Uint8Array[][] = [];
    for (let at = 0; at < stream.length; at += size) {
      messages.push(...reader.push(stream.slice(at, at + size)));
      assert.equal(reader.isReady, at + size >= READY_AT + READY.length, `after ${at + size} bytes`);
    }
    assert.deepEqual(
      messages.map((parts) => parts.map(({ length }) => length)),
      [
        [9, 32, 4],
        [9, 32, 4],
      ],
      `${size} bytes at a time`,
    );
  }
});

test('a peer that is no such publisher is refused in words', () => {
  const older = greeting();
  older[10] = 1;
  const refusals: readonly [what: Uint8Array, why: RegExp][] = [
    [utf8('HTTP/1.1 400 Bad Request'), /does not speak ZMTP/],
    [older, /version 1 of ZMTP, not 3/],
    [concatBytes(greeting(), Uint8Array.of(0x02)), /longer than a notification/],
    [concatBytes(greeting(), ...Array(9).fill(Uint8Array.of(0x01, 0))), /too many parts/],
  ];
  for (const [bytes, why] of refusals) {
    assert.throws(() => new PublisherReader().push(bytes), { code: 'zmtp-peer', message: why });
  }
});
