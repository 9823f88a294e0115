import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';
import { connectSv1, type Sv1Client } from '../harness/sv1-client.ts';

/** Shares of 2^10 hashes: as many as the miners can ask for, not as they can find. */
const SHARE_BITS = 10;
const MINERS = 3;
const PAUSE_MS = 10;
/** In this order, under load, each until it works again. */
const VICTIMS = ['pool', 'mint', 'translator', 'mint', 'pool', 'translator'];
const walletCommand = fileURLToPath(new URL('../../commands/wallet.ts', import.meta.url));

/** A miner that comes back whenever it is cut off, and counts what it was answered. */
class StubbornMiner {
  answeredTrue = 0;
  readonly #port: number;
  readonly #user: string;
  #stopped = false;

  constructor(port: number, user: string) {
    this.#port = port;
    this.#user = user;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const client = await this.#connect();
      if (!client) continue;
      await this.#mine(client).catch((error: Error) => assert.match(error.message, /waited|closed|refused/));
      client.close();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #connect(): Promise<Sv1Client | undefined> {
    try {
      return await connectSv1(this.#port);
    } catch {
      // The translator is down just now; that is what this test is about.
      await delay(100);
      return undefined;
    }
  }

  async #mine(client: Sv1Client): Promise<void> {
    await client.request('mining.suggest_difficulty', [2 ** (SHARE_BITS - 32)]);
    await client.start(this.#user);
    while (!this.#stopped && !client.closed) {
      const { result } = await client.submit(this.#user, client.mineShare());
      if (result === true) this.answeredTrue++;
      await delay(PAUSE_MS);
    }
  }
}

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

test('kill -9 of pool, mint and translator in turn under load: nothing lost, nothing twice', {
  timeout: 240_000,
}, async (t) => {
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
  const sent = await Promise.all([wallet(appliance, 'send', '1'), wallet(appliance, 'send', '1')]);
  assert.ok(sent.every((token) => /cashu[AB]/.test(token)));

  for (const miner of miners) miner.stop();
  await Promise.all(running);
  await appliance.until('the wallet to collect the rest', () => appliance.figures().waiting === 0n);
  await appliance.stop();
  const audit = appliance.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.equal(audit.unsent, 0);
  assert.equal(audit.refused, 0);
  assert.ok(audit.outbox.rows >= answered(), `${audit.outbox.rows} stored, ${answered()} answered true`);
  assert.equal(audit.outbox.rows, audit.quotes.rows);
  assert.equal(audit.wallet, audit.outstanding, 'all that was minted is in the wallet or handed out by it');
});
