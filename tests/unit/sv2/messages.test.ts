import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex } from '../../../protocols/bytes.ts';
import { defineProtocol, message, messageTable } from '../../../protocols/sv2/codec.ts';
import { readFrameHeader, writeFrameHeader } from '../../../protocols/sv2/frame.ts';
import { jobDeclarationProtocol } from '../../../protocols/sv2/job-declaration.ts';
import { isNominalHashRate, miningProtocol } from '../../../protocols/sv2/mining.ts';
import { STRUCT } from '../../../protocols/sv2/struct.ts';
import { templateDistributionProtocol } from '../../../protocols/sv2/template-distribution.ts';
import { FIXED, SEQ0_64K, STR0_255, U8, U64 } from '../../../protocols/sv2/types.ts';
import { messagesOf } from './arbitraries.ts';

// Byte vectors of sv2-tp, src/test/sv2_messages_tests.cpp.
const setup = {
  name: 'SetupConnection',
  protocol: 2,
  min_version: 2,
  max_version: 2,
  flags: 1,
  endpoint_host: '0.0.0.0',
  endpoint_port: 8545,
  vendor: 'Bitmain',
  hardware_version: 'S9i 13.5',
  firmware: 'braiins-os-2018-09-22-1-hash',
  device_id: 'some-device-uuid',
} as const;
const newTemplate = {
  name: 'NewTemplate',
  template_id: 1n,
  future_template: false,
  version: 805306368,
  coinbase_tx_version: 2,
  coinbase_prefix: fromHex('03012100'),
  coinbase_tx_input_sequence: 0xffffffff,
  coinbase_tx_value_remaining: 2_100_000_000_000_000n,
  coinbase_tx_outputs_count: 1,
  coinbase_tx_outputs: fromHex('0100000000000000036a012a'),
  coinbase_tx_locktime: 903387,
  merkle_path: [fromHex('1a6240823de4c8d6aaf826851bdf2b0e8d5acf7c31e8578cff4c394b5a32bd4e')],
} as const;
const vectors = [
  [
    setup,
    '00000052000002020002000100000007302e302e302e306121074269746d61696e085339692031332e351c62726169696e732d6f732d323031382d30392d32322d312d6861736810736f6d652d6465766963652d75756964',
  ],
  [{ name: 'SetupConnection.Success', used_version: 2, flags: 3 }, '000001060000020003000000'],
  [
    { name: 'SetupConnection.Error', flags: 0, error_code: 'protocol-version-mismatch' },
    '0000021e0000000000001970726f746f636f6c2d76657273696f6e2d6d69736d61746368',
  ],
  [
    newTemplate,
    '00007159000001000000000000000000000030020000000403012100ffffffff0040075af0750700010000000c000100000000000000036a012adbc80d00011a6240823de4c8d6aaf826851bdf2b0e8d5acf7c31e8578cff4c394b5a32bd4e',
  ],
  [
    {
      ...newTemplate,
      coinbase_tx_outputs_count: 3,
      coinbase_tx_outputs: fromHex('6400000000000000026a51c800000000000000026a522c01000000000000026a53'),
    },
    '0000716e000001000000000000000000000030020000000403012100ffffffff0040075af07507000300000021006400000000000000026a51c800000000000000026a522c01000000000000026a53dbc80d00011a6240823de4c8d6aaf826851bdf2b0e8d5acf7c31e8578cff4c394b5a32bd4e',
  ],
  [
    {
      name: 'SetNewPrevHash',
      template_id: 2n,
      prev_hash: fromHex('e59a2ef8d4826b89fe637f3b5322c0f167fd2d3dc88ec568a7c2c8ffd8eb8873'),
      header_timestamp: 1661877399,
      nBits: 58720255,
      target: fromHex('ffff7f0000000000000000000000000000000000000000000000000000000000'),
    },
    '0000725000000200000000000000e59a2ef8d4826b89fe637f3b5322c0f167fd2d3dc88ec568a7c2c8ffd8eb8873973c0e63ffff7f03ffff7f0000000000000000000000000000000000000000000000000000000000',
  ],
  [
    {
      name: 'SubmitSolution',
      template_id: 2n,
      version: 2,
      header_timestamp: 1661877399,
      header_nonce: 58720255,
      coinbase_tx: fromHex('0200000001'),
    },
    '0000761b0000020000000000000002000000973c0e63ffff7f0305000200000001',
  ],
] as const;

for (const [value, frame] of vectors) {
  test(`${value.name}: bytes as sv2-tp has them`, () => {
    assert.equal(toHex(templateDistributionProtocol.encode(value)), frame);
    assert.deepEqual(templateDistributionProtocol.decode(fromHex(frame)).message, value);
  });
}

test('SubmitSharesExtended: type, channel bit and field order of the specification', () => {
  const frame = miningProtocol.encode({
    name: 'SubmitSharesExtended',
    channel_id: 1,
    sequence_number: 2,
    job_id: 3,
    nonce: 4,
    ntime: 5,
    version: 6,
    extranonce: fromHex('0708'),
  });
  assert.equal(toHex(frame), '00801b1b0000010000000200000003000000040000000500000006000000020708');
});

test('RequestExtensions: 16-bit request id under its own extension type', () => {
  const frame = miningProtocol.encode({
    name: 'RequestExtensions',
    request_id: 0x0102,
    requested_extensions: [2, 0x4548],
  });
  assert.equal(toHex(frame), '01000008000002010200' + '02004845');
});

for (const protocol of [miningProtocol, templateDistributionProtocol, jobDeclarationProtocol]) {
  for (const table of protocol.tables) {
    for (const [name, arbitrary] of messagesOf(table)) {
      test(`${protocol.name}: ${name} comes out as it went in, whatever trails it`, () => {
        fc.assert(
          fc.property(arbitrary, fc.uint8Array({ maxLength: 40 }), (value, trailing) => {
            const frame = protocol.encode(value as never);
            assert.deepEqual(protocol.decode(frame), {
              message: value,
              trailing: new Uint8Array(0),
              tlvs: table.messages[name]?.tlvs,
            });
            const header = readFrameHeader(frame);
            const longer = concatBytes(frame.subarray(6), trailing);
            const decoded = protocol.decodePayload({ ...header, channel: !header.channel }, longer);
            assert.deepEqual(decoded.message, value);
            assert.deepEqual(decoded.trailing, trailing);
          }),
          { numRuns: 50 },
        );
      });
    }
  }
}

test('a payload cut at any byte is refused by message and field', () => {
  const frame = templateDistributionProtocol.encode(newTemplate);
  const header = readFrameHeader(frame);
  for (let length = 0; length < header.length; length++) {
    const cut = frame.subarray(6, 6 + length);
    assert.throws(() => templateDistributionProtocol.decodePayload(header, cut), {
      code: 'sv2-truncated',
      message: /^NewTemplate\.[a-z_]+: \d+ bytes wanted, \d+ left/,
    });
  }
});

test('group_channel_id and sigops may be missing, as in older peers', () => {
  const open = {
    name: 'OpenExtendedMiningChannel.Success',
    request_id: 1,
    channel_id: 2,
    target: new Uint8Array(32),
    extranonce_size: 8,
    extranonce_prefix: fromHex('01020304'),
    group_channel_id: 7,
  } as const;
  const frame = miningProtocol.encode(open);
  const old = miningProtocol.decodePayload(readFrameHeader(frame), frame.subarray(6, -4));
  assert.deepEqual(old.message, { ...open, group_channel_id: 0 });
  const constraints = templateDistributionProtocol.decode(fromHex('000070040000' + '20000000'));
  assert.deepEqual(constraints.message, {
    name: 'CoinbaseOutputConstraints',
    coinbase_output_max_additional_size: 32,
    coinbase_output_max_additional_sigops: 400,
  });
});

test('BOOL goes by its lowest bit, OPTION by a count of 0 or 1', () => {
  const base = miningProtocol.encode({
    name: 'NewExtendedMiningJob',
    channel_id: 1,
    job_id: 2,
    min_ntime: null,
    version: 3,
    version_rolling_allowed: true,
    merkle_path: [],
    coinbase_tx_prefix: new Uint8Array(0),
    coinbase_tx_suffix: new Uint8Array(0),
  });
  const bool = 6 + 8 + 1 + 4;
  for (const [byte, expected] of [
    [0xff, true],
    [0xfe, false],
    [2, false],
    [3, true],
  ] as const) {
    const { message: value } = miningProtocol.decode(base.with(bool, byte));
    assert.ok(value.name === 'NewExtendedMiningJob');
    assert.equal(value.version_rolling_allowed, expected);
  }
  assert.throws(() => miningProtocol.decode(base.with(6 + 8, 2)), {
    code: 'sv2-out-of-range',
    message: /^NewExtendedMiningJob\.min_ntime/,
  });
});

test('what does not fit a field is refused by message and field', () => {
  const target = { name: 'SetTarget', channel_id: 1, maximum_target: new Uint8Array(32) } as const;
  for (const channel_id of [-1, 1.5, 2 ** 32, Number.NaN]) {
    assert.throws(() => miningProtocol.encode({ ...target, channel_id }), {
      code: 'sv2-out-of-range',
      message: /^SetTarget\.channel_id: /,
    });
  }
  assert.throws(() => miningProtocol.encode({ ...target, maximum_target: new Uint8Array(31) }), {
    code: 'sv2-bad-length',
    message: /^SetTarget\.maximum_target: 31 bytes/,
  });
  for (const extranonce_prefix of [new Uint8Array(33), new Uint8Array(300)]) {
    assert.throws(
      () => miningProtocol.encode({ name: 'SetExtranoncePrefix', channel_id: 1, extranonce_prefix }),
      { code: 'sv2-bad-length', message: /^SetExtranoncePrefix\.extranonce_prefix/ },
    );
  }
  for (const new_shares_sum of [-1n, 2n ** 64n]) {
    assert.throws(
      () =>
        miningProtocol.encode({
          name: 'SubmitShares.Success',
          channel_id: 1,
          last_sequence_number: 1,
          new_submits_accepted_count: 1,
          new_shares_sum,
        }),
      { code: 'sv2-out-of-range' },
    );
  }
  const tooLong = concatBytes(fromHex('008019250000' + '01000000' + '21'), new Uint8Array(33));
  assert.throws(() => miningProtocol.decode(tooLong.with(3, 38)), { code: 'sv2-bad-length' });
});

test('strings over 252 bytes are never sent, and are read up to 255', () => {
  const close = (reason_code: string) => ({ name: 'CloseChannel', channel_id: 1, reason_code }) as const;
  assert.equal(miningProtocol.encode(close('x'.repeat(252))).length, 6 + 4 + 1 + 252);
  for (const text of ['x'.repeat(253), 'é'.repeat(127)]) {
    assert.throws(() => miningProtocol.encode(close(text)), {
      code: 'sv2-bad-length',
      message: /^CloseChannel\.reason_code/,
    });
  }
  const received = concatBytes(fromHex('008018040100' + '01000000' + 'ff'), new Uint8Array(255).fill(0x78));
  assert.deepEqual(miningProtocol.decode(received).message, close('x'.repeat(255)));
});

test('text that is not UTF-8 is read with U+FFFD in its place', () => {
  const { message: value } = miningProtocol.decode(fromHex('008018070000' + '01000000' + '02ff41'));
  assert.deepEqual(value, { name: 'CloseChannel', channel_id: 1, reason_code: '\ufffdA' });
});

test('an error in one message leaves nothing in the next', () => {
  const good = { name: 'CloseChannel', channel_id: 1, reason_code: 'a' } as const;
  const before = miningProtocol.encode(good);
  assert.throws(() => miningProtocol.encode({ ...good, reason_code: 'x'.repeat(300) }));
  assert.deepEqual(miningProtocol.encode(good), before);
  assert.notEqual(miningProtocol.encode(good), before);
});

test('frames handed out are never written again, small or large', () => {
  const data = (length: number, byte: number) =>
    ({
      name: 'RequestTransactionData.Success',
      template_id: 1n,
      excess_data: new Uint8Array(0),
      transaction_list: [new Uint8Array(length).fill(byte)],
    }) as const;
  const sizes = [10, 70_000, 10, 60_000, 10_000, 3_000_000, 10];
  const frames = sizes.map((size, index) => templateDistributionProtocol.encode(data(size, index)));
  for (const [index, size] of sizes.entries()) {
    const frame = frames[index] ?? new Uint8Array(0);
    assert.deepEqual(templateDistributionProtocol.decode(frame).message, data(size, index));
  }
});

test('unknown messages are told apart from broken ones', () => {
  const header = { extension: 0x4548, channel: false, type: 1, length: 0 };
  assert.equal(miningProtocol.knows(header), false);
  assert.equal(miningProtocol.knows({ ...header, extension: 0, type: 0x1b }), true);
  assert.throws(() => miningProtocol.decodePayload(header, new Uint8Array(0)), {
    code: 'sv2-unknown-message',
  });
  assert.throws(() => miningProtocol.encode({ name: 'NewTemplate' } as never), {
    code: 'sv2-unknown-message',
  });
});

test('a frame shorter or longer than its header says is refused', () => {
  const frame = miningProtocol.encode({ name: 'CloseChannel', channel_id: 1, reason_code: 'a' });
  for (const wrong of [frame.subarray(0, -1), concatBytes(frame, Uint8Array.of(0)), frame.subarray(0, 5)]) {
    assert.throws(() => miningProtocol.decode(wrong), { code: 'sv2-truncated' });
  }
});

test('frame headers: 24-bit length, channel bit at the top of the extension type', () => {
  const header = { extension: 0x4548, channel: true, type: 0xab, length: 0xfedcba };
  const bytes = new Uint8Array(6);
  writeFrameHeader(bytes, header);
  assert.equal(toHex(bytes), '48c5abbadcfe');
  assert.deepEqual(readFrameHeader(bytes), header);
  assert.throws(() => writeFrameHeader(bytes, { ...header, length: 0x1000000 }), {
    code: 'sv2-frame-too-large',
  });
});

test('sequences of structs, with errors located inside them', () => {
  const refusals = messageTable('Test', 0x7001, {
    Refusals: message(0, {
      refusals: SEQ0_64K(STRUCT({ seq: U64, reason: STR0_255 })),
      records: SEQ0_64K(STRUCT({ header: FIXED(80), k: U8, key: FIXED(33) })),
    }),
  });
  const protocol = defineProtocol('test', [refusals]);
  const value = {
    name: 'Refusals',
    refusals: [
      { seq: 2n ** 63n, reason: 'unknown-prev-hash' },
      { seq: 1n, reason: '' },
    ],
    records: [{ header: new Uint8Array(80).fill(1), k: 40, key: new Uint8Array(33).fill(2) }],
  } as const;
  const frame = protocol.encode(value);
  assert.deepEqual(protocol.decode(frame).message, value);
  assert.throws(() => protocol.encode({ ...value, refusals: [{ seq: -1n, reason: '' }] }), {
    message: /^Refusals\.refusals\.seq: -1/,
  });
  assert.throws(() => protocol.decodePayload(readFrameHeader(frame), frame.subarray(6, -1)), {
    message: /^Refusals\.records\.key: 33 bytes wanted, 32 left/,
  });
  assert.throws(() => defineProtocol('twice', [refusals, refusals]), { code: 'sv2-bad-table' });
});

test('F32 is read as it comes and judged where it counts', () => {
  const update = (bits: string) =>
    miningProtocol.decode(fromHex(`008016280000${'01000000'}${bits}${'00'.repeat(32)}`)).message;
  for (const [bits, good] of [
    ['0000807f', false],
    ['0000c07f', false],
    ['000080bf', false],
    ['00000000', true],
    ['00008053', true],
  ] as const) {
    const value = update(bits);
    assert.ok(value.name === 'UpdateChannel');
    assert.equal(isNominalHashRate(value.nominal_hash_rate), good, bits);
  }
  const infinite = { name: 'UpdateChannel', channel_id: 1, maximum_target: new Uint8Array(32) } as const;
  for (const nominal_hash_rate of [Number.NaN, Number.POSITIVE_INFINITY, 1e39]) {
    assert.throws(() => miningProtocol.encode({ ...infinite, nominal_hash_rate }), {
      code: 'sv2-out-of-range',
      message: /^UpdateChannel\.nominal_hash_rate/,
    });
  }
});
