import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { profiles } from '../../roles/miner/profiles/profiles.ts';
import { reportOf } from '../../roles/miner/report.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { cutLink } from '../harness/cut-link.ts';
import { eventually } from '../harness/fake-pool.ts';
import { grantedHashes, isDropped, testFleet } from '../harness/fleet.ts';

const PER_PROFILE = 4;
/** Shares of 2^10 hashes, one a second and machine. */
const DIFFICULTY = 2 ** -22;
const HASHRATE = 1024 * PER_PROFILE * profiles.length;

test('every firmware, its pool killed and away for 1 s and for 30 s: nobody is dropped, every answer is true', async (t) => {
  const { appliance, network } = await cutLink(t, 'translator');
  const { fleet, answers } = await testFleet(t, {
    port: appliance.sv1Port,
    user: 'farm',
    profiles: Array.from({ length: PER_PROFILE }, () => profiles).flat(),
    hashrate: HASHRATE,
    difficulty: DIFFICULTY,
    onThread: true,
  });
  const { machines } = fleet;
  const moves = () => machines.map(({ tally }) => tally.extranoncesSet + tally.reconnects);
  const accepted = () => machines.map(({ tally }) => tally.accepted);
  const allMine = (before: readonly number[], what: string) =>
    eventually(() => accepted().every((count, i) => count > (before[i] ?? 0)), what);
  await allMine(
    machines.map(() => 0),
    'shares of all',
  );
  // A busy computer may be too slow for a NerdMiner's first tries.
  const started = machines.map(({ tally }) => tally.copy());

  for (const awayMs of [1000, 30_000]) {
    const [killedAt, before] = [performance.now(), moves()];
    network.refusing = true;
    network.cut();
    await appliance.kill('pool');
    await delay(Math.max(0, killedAt + awayMs - performance.now()));
    network.refusing = false;
    const isMoved = () => moves().every((count, i) => count > (before[i] ?? 0));
    await eventually(isMoved, `all to be told after ${awayMs} ms`);
    await allMine(accepted(), `shares of all after ${awayMs} ms`);
  }

  await fleet.close();
  const { total, profiles: rows } = reportOf(fleet, 1);
  t.diagnostic(rows.map((row) => `${row.profile} ${row.accepted} and ${row.stale} stale`).join('; '));
  const dropped = machines.filter((machine, i) => isDropped(machine, started[i]));
  assert.deepEqual(
    dropped.map(({ profile, tally }) => `${profile.name}: ${[...tally.endings.keys()]}`),
    [],
  );
  assert.deepEqual(
    Object.keys(total.rejections).filter((words) => !/\(21\)$/.test(words)),
    [],
  );
  await appliance.collected(grantedHashes(answers).length);
  await appliance.stop();
  const outbox = readOutbox(join(appliance.state.role('pool'), 'outbox.sqlite'));
  t.after(() => outbox.close());
  const stored = new Set([...outbox.shares()].map(({ hashLe }) => toHex(hashLe)));
  const untrue = grantedHashes(answers).filter((hash) => !stored.has(hash));
  assert.deepEqual(untrue, [], 'what was answered true is stored');
  assert.deepEqual(appliance.audit().disagreements, []);
});
