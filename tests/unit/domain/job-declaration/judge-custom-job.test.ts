import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customJobDigest } from '../../../../domain/job-declaration/custom-job.ts';
import {
  type CustomJobRules,
  customJobOf,
  judgeCustomJob,
  type SetCustomMiningJob,
} from '../../../../domain/job-declaration/judge-custom-job.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { encodeOutputs } from '../../../../protocols/bitcoin/output.ts';
import { heightPush } from '../../../../protocols/bitcoin/script.ts';
import { concatBytes, fromHex } from '../../../../protocols/bytes.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import { NO_JOB } from '../../../../protocols/sv2/mining-job-token.ts';

const HEIGHT = 120;
const SUBSIDY = 5_000_000_000n;
const NOW = 1_700_000_000;
const pool = fromHex('51');
const tip = {
  prevHashLe: new Uint8Array(32).fill(7),
  nbits: 0x207fffff,
  minNtime: NOW - 100,
  targetLe: new Uint8Array(32).fill(255),
  seen: new SeenShares(),
};
const rules: CustomJobRules = {
  network: 'regtest',
  rewardScript: pool,
  isCoinbaseOnlyTaken: true,
  height: HEIGHT,
  extranonceBytes: 20,
  now: NOW,
};

function outputs(...values: [bigint, Uint8Array][]): Uint8Array {
  return concatBytes(
    Uint8Array.of(values.length),
    encodeOutputs(values.map(([value, script]) => ({ value, script }))),
  );
}

const job: SetCustomMiningJob = {
  name: 'SetCustomMiningJob',
  channel_id: 1,
  request_id: 2,
  mining_job_token: new Uint8Array(),
  version: 0x2000_0000,
  prev_hash: tip.prevHashLe,
  min_ntime: NOW,
  nbits: tip.nbits,
  coinbase_tx_version: 2,
  coinbase_prefix: heightPush(HEIGHT),
  coinbase_tx_input_nSequence: 0xffff_fffe,
  coinbase_tx_outputs: outputs([SUBSIDY, pool], [0n, fromHex('6a00')]),
  coinbase_tx_locktime: HEIGHT - 1,
  merkle_path: [],
};
const undeclared = { job: NO_JOB };

test('a job that pays the pool is taken: with the token of its declaration, or without one where such are taken', () => {
  const hash = customJobDigest(customJobOf(job));
  assert.deepEqual(judgeCustomJob(job, undeclared, tip, rules), hash);
  assert.deepEqual(judgeCustomJob(job, { job: hash }, tip, { ...rules, isCoinbaseOnlyTaken: false }), hash);
});

const own = fromHex('52');
const refused: readonly [what: string, change: Partial<SetCustomMiningJob>, code: string][] = [
  ['nbits of another chain', { nbits: 0x1d00ffff }, 'invalid-nbits'],
  ['a time before the tip allows it', { min_ntime: tip.minNtime - 1801 }, 'invalid-min-ntime'],
  ['a time hours ahead', { min_ntime: NOW + 7_201 }, 'invalid-min-ntime'],
  ['a version that is out of use', { version: 3 }, 'invalid-version'],
  ['a version below zero', { version: 0xe000_0000 }, 'invalid-version'],
  ['a path that costs more than any block', { merkle_path: Array(16).fill(pool) }, 'invalid-merkle-path'],
  ['no height', { coinbase_prefix: new Uint8Array() }, 'invalid-coinbase-prefix'],
  [
    'a height at which there is no subsidy to pay',
    { coinbase_prefix: heightPush(1_000_000), coinbase_tx_outputs: outputs([1n, pool]) },
    'invalid-coinbase-prefix',
  ],
  [
    'a script that is too long with its extranonce',
    { coinbase_prefix: concatBytes(heightPush(HEIGHT), new Uint8Array(80)) },
    'invalid-coinbase-tx',
  ],
  [
    'a coinbase locked until its own height',
    { coinbase_tx_locktime: HEIGHT },
    'invalid-coinbase-tx-locktime',
  ],
  ['a coinbase locked until later', { coinbase_tx_locktime: NOW }, 'invalid-coinbase-tx-locktime'],
  [
    'all but one satoshi kept',
    { coinbase_tx_outputs: outputs([1n, pool], [SUBSIDY - 1n, own]) },
    'invalid-coinbase-tx-outputs',
  ],
  [
    'one satoshi kept',
    { coinbase_tx_outputs: outputs([SUBSIDY - 1n, pool], [1n, own]) },
    'invalid-coinbase-tx-outputs',
  ],
  [
    'a satoshi of the subsidy left',
    { coinbase_tx_outputs: outputs([SUBSIDY - 1n, pool]) },
    'invalid-coinbase-tx-outputs',
  ],
  ['no output', { coinbase_tx_outputs: outputs() }, 'invalid-coinbase-tx-outputs'],
  [
    'outputs cut off',
    { coinbase_tx_outputs: job.coinbase_tx_outputs.subarray(0, -1) },
    'invalid-coinbase-tx-outputs',
  ],
];

for (const [what, change, code] of refused) {
  test(`${what}: ${code}`, () => {
    assert.throws(
      () => judgeCustomJob({ ...job, ...change }, undeclared, tip, rules),
      (error) => isHashpoolError(error, code),
    );
  });
}

test('a lock counts for nothing where the sequence is final', () => {
  const final = { ...job, coinbase_tx_locktime: NOW + 9_999, coinbase_tx_input_nSequence: 0xffff_ffff };
  judgeCustomJob(final, undeclared, tip, rules);
});

const declared = { job: customJobDigest(customJobOf(job)) };
const changed: readonly [change: Partial<SetCustomMiningJob>, code: string][] = [
  [{ version: 0x2000_0002 }, 'invalid-version'],
  [{ prev_hash: new Uint8Array(32).fill(8) }, 'stale-chain-tip'],
  [{ coinbase_tx_version: 1 }, 'invalid-coinbase-tx-version'],
  [{ coinbase_prefix: concatBytes(heightPush(HEIGHT), fromHex('00')) }, 'invalid-coinbase-prefix'],
  [{ coinbase_tx_input_nSequence: 0xffff_ffff }, 'invalid-coinbase-tx-input-n-sequence'],
  [{ coinbase_tx_outputs: outputs([SUBSIDY - 1n, pool]) }, 'invalid-coinbase-tx-outputs'],
  [{ coinbase_tx_locktime: 0 }, 'invalid-coinbase-tx-locktime'],
  [{ merkle_path: [new Uint8Array(32)] }, 'invalid-merkle-path'],
];

for (const [change, code] of changed) {
  test(`a job that is not as it was declared, in ${Object.keys(change).join()}: ${code}`, () => {
    assert.throws(
      () => judgeCustomJob({ ...job, ...change }, declared, tip, rules),
      (error) => isHashpoolError(error, code),
    );
  });
}

test('a token of no job is not enough where transactions must be seen, and one of another job never is', () => {
  const whole = { ...rules, isCoinbaseOnlyTaken: false };
  assert.throws(
    () => judgeCustomJob(job, undeclared, tip, whole),
    (error) => isHashpoolError(error, 'job-not-yet-validated'),
  );
  // The same by all that tells fields apart, and another by the hash of all.
  const forged = declared.job.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  for (const each of [rules, whole])
    assert.throws(
      () => judgeCustomJob(job, { job: forged }, tip, each),
      (error) => isHashpoolError(error, 'invalid-mining-job-token'),
    );
});
