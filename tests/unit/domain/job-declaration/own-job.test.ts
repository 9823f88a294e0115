import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customExtendedJob } from '../../../../domain/job-declaration/custom-extended-job.ts';
import { customJobDigest } from '../../../../domain/job-declaration/custom-job.ts';
import { readDeclaredCoinbase } from '../../../../domain/job-declaration/declared-coinbase.ts';
import { customJobOf } from '../../../../domain/job-declaration/judge-custom-job.ts';
import { declarationOf, type OwnJob, ownJob, setJobOf } from '../../../../domain/job-declaration/own-job.ts';
import { stripParts } from '../../../../protocols/bitcoin/coinbase.ts';
import { encodeOutputs } from '../../../../protocols/bitcoin/output.ts';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';

const TOKEN = Uint8Array.of(7);
const EXTRANONCE_BYTES = 20;
const pool = fromHex('51');
const commitment = encodeOutputs([{ value: 0n, script: fromHex('6a24aa21a9ed') }]);

const template = {
  name: 'NewTemplate',
  template_id: 5n,
  future_template: true,
  version: 0x20000000,
  coinbase_tx_version: 2,
  coinbase_prefix: fromHex('0165'),
  coinbase_tx_input_sequence: 0xfffffffe,
  coinbase_tx_value_remaining: 5_000_000_000n,
  coinbase_tx_outputs_count: 1,
  coinbase_tx_outputs: commitment,
  coinbase_tx_locktime: 100,
  merkle_path: [new Uint8Array(32).fill(3)],
} as const;
const tip = {
  name: 'SetNewPrevHash',
  template_id: 5n,
  prev_hash: new Uint8Array(32).fill(9),
  header_timestamp: 1_700_000_000,
  nBits: 0x207fffff,
  target: new Uint8Array(32).fill(255),
} as const;
const outputs = [
  { value: 0n, script: pool },
  { value: 0n, script: fromHex('6a01aa') },
];

function job(changes: Partial<typeof template> | object = {}): OwnJob {
  return ownJob(77, { ...template, ...changes }, tip, {
    outputs,
    signature: 'farm',
    extranonceBytes: EXTRANONCE_BYTES,
    tipAge: 0,
  });
}

test('what is declared, what is set and what is mined are one job', () => {
  const own = job();
  const declaration = declarationOf(own, 1, TOKEN, [new Uint8Array(32)]);
  const coinbase = { prefix: declaration.coinbase_tx_prefix, suffix: declaration.coinbase_tx_suffix };
  assert.deepEqual(stripParts(coinbase), own.coinbase);
  const read = readDeclaredCoinbase(coinbase);
  assert.equal(read.extranonceLength, EXTRANONCE_BYTES);
  const message = { name: 'SetCustomMiningJob', channel_id: 3, ...setJobOf(own, 2, TOKEN) } as const;
  assert.equal(toHex(message.coinbase_prefix), toHex(read.scriptPrefix));
  assert.equal(toHex(message.coinbase_tx_outputs), toHex(read.outputBytes));
  const mined = customExtendedJob(message, {
    id: 1,
    customDigest: customJobDigest(customJobOf(message)),
    extranonceBytes: EXTRANONCE_BYTES,
  });
  assert.equal(toHex(mined.coinbasePrefix), toHex(own.coinbase.prefix));
  assert.equal(toHex(mined.coinbaseSuffix), toHex(own.coinbase.suffix));
});

test('all that the template leaves goes to the first output', () => {
  const [first, second] = readDeclaredCoinbase(job().coinbase).outputs;
  assert.deepEqual([first?.value, toHex(first?.script ?? pool)], [5_000_000_000n, '51']);
  assert.equal(second?.value, 0n);
});

test('jobs of one template differ, and one without a commitment has no witness', () => {
  const other = ownJob(78, template, tip, {
    outputs,
    signature: 'farm',
    extranonceBytes: EXTRANONCE_BYTES,
    tipAge: 0,
  });
  assert.notEqual(toHex(other.coinbase.prefix), toHex(job().coinbase.prefix));
  const bare = job({ coinbase_tx_outputs_count: 0, coinbase_tx_outputs: new Uint8Array(0) });
  assert.deepEqual(declarationOf(bare, 1, TOKEN, []).coinbase_tx_prefix, bare.coinbase.prefix);
});

test('a later job is not from before the time at which it was made', () => {
  const terms = { outputs, signature: '', extranonceBytes: EXTRANONCE_BYTES, tipAge: 40 };
  assert.equal(setJobOf(ownJob(1, template, tip, terms), 1, TOKEN).min_ntime, 1_700_000_040);
});

test('what can be made into no job is refused', () => {
  const terms = { outputs, signature: 'farm', extranonceBytes: EXTRANONCE_BYTES, tipAge: 0 };
  const make = (changes: Partial<typeof terms>) => () => ownJob(1, template, tip, { ...terms, ...changes });
  assert.throws(make({ signature: 'x'.repeat(70) }), { code: 'coinbase-script-too-long' });
  assert.throws(make({ outputs: [] }), { code: 'coinbase-sum' });
  assert.throws(make({ outputs: [...outputs, { value: 5_000_000_001n, script: pool }] }), {
    code: 'coinbase-sum',
  });
});
