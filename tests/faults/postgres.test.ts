import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAppliance } from '../harness/appliance.ts';
import { testPostgres } from '../harness/postgres.ts';
import { StubbornMiner } from '../harness/stubborn-miner.ts';

test('kill -9 of the mint and of its PostgreSQL under load: nothing lost, nothing twice', async (t) => {
  const server = await testPostgres();
  const database = await server.newDatabase();
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: (file, text) =>
      file === 'mint.config.toml'
        ? text.replace('[hashpool_mint]', `[hashpool_mint]\ndatabase = "${database}"`)
        : text,
  });
  const miner = new StubbornMiner(appliance.sv1Port, 'm.rig');
  const running = miner.run();
  t.after(() => miner.stop());
  const moreShares = async (what: string) => {
    const before = miner.answeredTrue;
    await appliance.until(`shares ${what}`, () => miner.answeredTrue > before + 20);
  };
  await moreShares('at first');
  const { pid } = appliance.role('mint');
  await server.end('SIGKILL');
  await moreShares('while PostgreSQL is away, which the outbox keeps');
  await server.start();
  await moreShares('after it is back');
  assert.equal(appliance.role('mint').pid, pid, 'the mint stays up');
  await appliance.kill('mint');
  await moreShares('after the mint was killed');

  await appliance.until('ehash in the wallet', () => appliance.figures().wallet > 0n);
  miner.stop();
  await running;
  await appliance.collected(miner.answeredTrue);
  await appliance.stop();
  const audit = appliance.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.deepEqual([audit.unsent, audit.refused], [0, 0]);
  assert.ok(audit.outbox.rows >= miner.answeredTrue);
  assert.equal(audit.outbox.rows, audit.quotes.rows);
  assert.equal(audit.wallet, audit.outstanding);
});
