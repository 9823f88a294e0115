import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasProxySignature,
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
} from '../../../protocols/proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const text = (line: string) => Buffer.from(line, 'latin1');
const v2 = (rest: string) => Buffer.from(SIGNATURE + rest, 'hex');

test('version 1 names the client by a line of text', () => {
  const four = text('PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n');
  assert.deepEqual(parseProxyHeader(Buffer.concat([four, text('{"id":1')])), {
    length: four.length,
    client: { address: '203.0.113.7', port: 56324 },
  });
  const six = parseProxyHeader(text('PROXY TCP6 2001:db8::7 ::ffff:10.0.0.1 1 65535\r\n'));
  assert.deepEqual(six?.client, { address: '2001:db8::7', port: 1 });
  for (const line of ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff:f::1 x y z\r\n']) {
    assert.deepEqual(parseProxyHeader(text(line)), { length: line.length, client: undefined });
  }
});

test('version 2 names the client by bytes, whatever fields follow', () => {
  const four = v2('2111000fcb0071070a000001dc0401bb040000');
  assert.deepEqual(parseProxyHeader(four), {
    length: four.length,
    client: { address: '203.0.113.7', port: 56324 },
  });
  const six = v2(`21210024${'20010db8'.repeat(8)}dc0401bb`);
  assert.deepEqual(parseProxyHeader(six)?.client, {
    address: '2001:0db8:2001:0db8:2001:0db8:2001:0db8',
    port: 56324,
  });
});

test('an IPv4 address within an IPv6 one is itself', () => {
  const mapped = `${'00'.repeat(10)}ffffcb007107`;
  assert.equal(parseProxyHeader(v2(`21210024${mapped.repeat(2)}dc0401bb`))?.client?.address, '203.0.113.7');
});

test('a proxy that speaks for itself, or for no address of TCP, names nobody', () => {
  for (const rest of [
    '20000000',
    '2011000ccb0071070a000001dc0401bb',
    '21000000',
    `213100d8${'2f'.repeat(216)}`,
  ]) {
    assert.deepEqual(parseProxyHeader(v2(rest)), { length: v2(rest).length, client: undefined }, rest);
  }
});

test('every beginning of a header is waited for', () => {
  for (const header of [text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n'), v2('2111000ccb0071070a000001dc0401bb')]) {
    for (let length = 0; length < header.length; length++) {
      assert.equal(parseProxyHeader(header.subarray(0, length)), undefined, `${length} bytes`);
    }
  }
});

test('what is malformed is refused, and nothing that is too long is waited for', () => {
  const wrong = [
    text('{"id":1}\n'),
    text('GET / HTTP/1.1\r\n'),
    text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n'),
    text('PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'),
    text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'),
    text('PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n'),
    text('PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n'),
    text('PROXY TCP4 ::1 ::1 1 2\r\n'),
    text('PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n'),
    text('PROXY TCP6 1::2::3 ::1 1 2\r\n'),
    text('PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n'),
    text('PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n'),
    text('PROXY TCP6 12345::1 ::1 1 2\r\n'),
    text('PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'),
    text('PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n'),
    text('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n'),
    text('PROXY UNKNOWNX\r\n'),
    text(`PROXY ${'x'.repeat(120)}`),
    v2('1111000ccb0071070a000001dc0401bb'),
    v2('2211000ccb0071070a000001dc0401bb'),
    v2('2141000ccb0071070a000001dc0401bb'),
    v2('2113000ccb0071070a000001dc0401bb'),
    v2('2111000bcb0071070a000001dc0401'),
    v2('21110801'),
  ];
  for (const bytes of wrong) {
    assert.throws(() => parseProxyHeader(bytes), { code: 'bad-proxy-header' }, bytes.toString('latin1'));
  }
  assert.ok(MAX_PROXY_HEADER_BYTES < 4096);
});

test('a signature is known where it is whole', () => {
  assert.ok(hasProxySignature(text('PROXY TCP4 ')) && hasProxySignature(v2('')));
  for (const other of [text('PROXY'), text('{"method":"PROXY "}'), v2('').subarray(0, 11), text('')]) {
    assert.ok(!hasProxySignature(other));
  }
});
