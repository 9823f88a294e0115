import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { equalBytes, fromHex, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { profiles } from '../../roles/miner/profiles/profiles.ts';
import { reportOf } from '../../roles/miner/report.ts';
import { readClaims } from '../../roles/mint/claims.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { startAppliance } from '../harness/appliance.ts';
import { REGTEST_ADDRESS } from '../harness/bitcoind.ts';
import { eventually } from '../harness/fake-pool.ts';
import { testFleet } from '../harness/fleet.ts';
import { shareHash } from '../harness/sv1-work.ts';
import { twoPools } from '../harness/two-pools.ts';

const PER_PROFILE = 2;
/** Shares of 2^10 hashes, four a second and machine. */
const DIFFICULTY = 2 ** -22;
const HASHRATE = 4096 * PER_PROFILE * profiles.length;
const NEVER_A_BLOCK = 40;

/** Those that are told a new extranonce because they asked for it. */
const TOLD = ['hashpool', 's19'];

test('every firmware mines at the real roles: its shares are paid, it survives a restart of the pool and two tips', async (t) => {
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: (_, text) =>
      text
        .replace('shares_per_minute = 30', 'shares_per_minute = 600')
        .replace('block_target_bits = 24', `block_target_bits = ${NEVER_A_BLOCK}`),
  });
  await appliance.until('the link to the pool', () => /^connected/.test(appliance.role('translator').text));
  const { curve } = await loadCrypto();
  const key = curve.publicKey(new Uint8Array(32).fill(7));
  const { fleet, answers } = await testFleet(t, {
    port: appliance.sv1Port,
    user: encodeHpub(key),
    profiles: Array.from({ length: PER_PROFILE }, () => profiles).flat(),
    hashrate: HASHRATE,
    difficulty: DIFFICULTY,
    onThread: true,
  });

  const accepted = () => fleet.machines.map(({ tally }) => tally.accepted);
  const allMine = async (what: string): Promise<void> => {
    const before = accepted();
    const isOn = () => accepted().every((count, i) => count > (before[i] ?? 0) + 1);
    await eventually(isOn, `shares of all ${what}: ${fleet.words}`);
  };
  await allMine('at first');
  await appliance.rpc.call('generatetoaddress', [1, REGTEST_ADDRESS]);
  await allMine('on the next tip');
  assert.deepEqual(
    fleet.machines.filter(({ tally }) => tally.reconnects > 0).map(({ profile }) => profile.name),
    [],
    `nobody has lost its connection so far: ${JSON.stringify([...fleet.tally().endings])}`,
  );

  await appliance.kill('pool');
  await allMine('after the restart of the pool');
  for (const { profile, tally } of fleet.machines) {
    const isTold = TOLD.includes(profile.name);
    assert.equal(tally.extranoncesSet > 0, isTold, `${profile.name} is told`);
    assert.equal(tally.reconnects > 0, !isTold, `${profile.name} comes again`);
    if (!isTold) assert.ok(tally.reconnectsAsked > 0, `${profile.name} was asked to`);
  }

  await fleet.close();
  const { total, profiles: rows } = reportOf(fleet, 1);
  t.diagnostic(
    rows.map(({ profile, accepted, stale }) => `${profile} ${accepted}, ${stale} stale`).join('; '),
  );
  // What crossed a tip or the restart is stale by right; nothing else was refused.
  assert.deepEqual(
    Object.keys(total.rejections).filter((words) => !/\(21\)$/.test(words)),
    [],
  );
  assert.deepEqual(
    Object.keys(total.refusals).filter((words) => / was refused: /.test(words)),
    [],
  );
  await appliance.until('the pool to have sent all', () => {
    const { outbox_rows: rows, outbox_sent: sent } = appliance.role('pool').figures;
    return rows === sent;
  });
  await appliance.stop();
  const claims = readClaims(join(appliance.state.role('mint'), 'mint.sqlite'));
  t.after(() => claims.close());
  const unpaid = answers
    .filter(({ answer }) => answer.kind === 'granted')
    .filter(({ hashLe }) => !equalBytes(claims.ofShare(fromHex(hashLe))?.publicKey ?? key.subarray(1), key));
  assert.deepEqual(
    unpaid.map(({ machine }) => machine.profile.name),
    [],
    'what was answered true is a quote of the miner',
  );
  assert.deepEqual(appliance.audit().disagreements, []);
});

test('every firmware is mining at the second pool soon after the first is gone', async (t) => {
  const { primary, second, translator } = await twoPools(t, { blockTargetBits: NEVER_A_BLOCK });
  const { curve } = await loadCrypto();
  const { fleet, answers } = await testFleet(t, {
    port: translator.sv1Port,
    user: toHex(curve.publicKey(new Uint8Array(32).fill(9))),
    profiles,
    hashrate: HASHRATE / PER_PROFILE,
    difficulty: DIFFICULTY,
    onThread: true,
  });
  await eventually(
    () => fleet.machines.every(({ tally }) => tally.accepted > 0),
    'shares of all at the first pool',
  );
  primary.network.refusing = true;
  primary.network.cut();
  const goneAt = performance.now();
  const movedAfter = new Map<string, number>();
  const isAtSecond = (): boolean => {
    const paid = new Set(second.mint.shares.map(({ header }) => shareHash(Buffer.from(header))));
    for (const { machine, hashLe, answer } of answers) {
      const { name } = machine.profile;
      const isPaid = answer.kind === 'granted' && paid.has(toHex(fromHex(hashLe).reverse()));
      if (isPaid && !movedAfter.has(name)) movedAfter.set(name, Math.round(performance.now() - goneAt));
    }
    return movedAfter.size === profiles.length;
  };
  await eventually(isAtSecond, 'shares of all at the second pool');
  t.diagnostic([...movedAfter].map(([name, ms]) => `${name} ${ms} ms`).join(', '));
  for (const { profile, tally } of fleet.machines)
    assert.equal(tally.reconnects > 0, !TOLD.includes(profile.name), `${profile.name} comes again`);
});
