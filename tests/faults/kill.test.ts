import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';
import { StubbornMiner } from '../harness/stubborn-miner.ts';

const MINERS = 3;
/** In this order, under load, each until it works again. */
const VICTIMS = ['pool', 'mint', 'translator', 'mint', 'pool', 'translator'];
const walletCommand = fileURLToPath(new URL('../../commands/wallet.ts', import.meta.url));

/** Runs `npm run wallet`'s command beside the translator; an error is the test's only while nothing is killed. */
function wallet(appliance: TestAppliance, ...args: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(
    process.execPath,
    [walletCommand, ...args, '--state', appliance.state.root],
    (error, stdout, stderr) =>
      error ? reject(new Error(`wallet ${args.join(' ')}: ${stderr}`)) : resolve(stdout),
  );
  return promise;
}

test('kill -9 of pool, mint and translator in turn under load: nothing lost, nothing twice', async (t) => {
  const appliance = await startAppliance(t, { without: ['miner'] });
  const miners = Array.from({ length: MINERS }, (_, i) => new StubbornMiner(appliance.sv1Port, `m${i}.rig`));
  const running = miners.map((miner) => miner.run());
  t.after(() => {
    for (const miner of miners) miner.stop();
  });
  const answered = () => miners.reduce((sum, miner) => sum + miner.answeredTrue, 0);
  const moreShares = async (what: string) => {
    const before = answered();
    await appliance.until(`shares ${what}`, () => answered() > before + 20);
  };

  await moreShares('at first');
  for (const victim of VICTIMS) {
    await appliance.kill(victim);
    await moreShares(`after ${victim} was killed`);
  }
  await appliance.until('ehash in the wallet', () => appliance.figures().wallet > 0n);
  const [held] = JSON.parse(await wallet(appliance, 'balance', '--json')).balance;
  const send = () => wallet(appliance, 'send', '1', '--unit', held.unit);
  const sent = await Promise.all([send(), send()]);
  assert.ok(sent.every((token) => /cashu[AB]/.test(token)));

  for (const miner of miners) miner.stop();
  await Promise.all(running);
  await appliance.collected(answered());
  await appliance.stop();
  const audit = appliance.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.equal(audit.unsent, 0);
  assert.equal(audit.refused, 0);
  assert.ok(audit.outbox.rows >= answered(), `${audit.outbox.rows} stored, ${answered()} answered true`);
  assert.equal(audit.outbox.rows, audit.quotes.rows);
  assert.equal(audit.wallet, audit.outstanding, 'all that was minted is in the wallet or handed out by it');
});
