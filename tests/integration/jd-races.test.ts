import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { templateDistributionProtocol } from '../../protocols/sv2/template-distribution.ts';
import { seeded } from '../../scripts/vardiff/simulation.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { channelOf, type JdSceneOptions, jdScene, type Pass, share, shareTlvs } from '../harness/jd-scene.ts';
import { LateChain } from '../harness/late-chain.ts';
import { OPEN_MEMPOOL } from '../harness/mempool.ts';
import type { RawChannel } from '../harness/raw-miner.ts';
import { until } from '../harness/template-client.ts';

/*
 * Races on real nodes: a miner mines all the time; in each run one word between the roles is held up while the chain goes
 * on, or the job's transaction is replaced in the node, or both. The jd-server's node and the pool hear of each block up to a
 * second later than the miner's node, each by itself. RACE_SEED=N does the same again, as far as real processes can.
 */

const RUNS = 20;
const MOST_SKEW_MS = 1_000;
const SHARE_EVERY_MS = 100;
/** A word that is not said in time is not waited for. */
const WORD_LIMIT_MS = 3_000;
/** From the trouble to a share on the newest tip that is paid, a pause between two tries of eight seconds included. */
const SETTLING_LIMIT_MS = 90_000;

/** The words that a job's way has, from its template to its first paid share. */
const WORDS = [
  'NewTemplate',
  'SetNewPrevHash',
  'RequestTransactionData',
  'RequestTransactionData.Success',
  'AllocateMiningJobToken',
  'AllocateMiningJobToken.Success',
  'DeclareMiningJob',
  'ProvideMissingTransactions',
  'ProvideMissingTransactions.Success',
  'DeclareMiningJob.Success',
  'SetCustomMiningJob',
  'SetCustomMiningJob.Success',
  'SubmitSharesExtended',
  'SubmitShares.Success',
];

const TROUBLES: readonly [what: string, (chain: LateChain) => Promise<void>][] = [
  ['a block', (chain) => chain.emptyBlock()],
  ['a block with the transaction', (chain) => chain.block()],
  ['the transaction evicted', (chain) => chain.replace()],
  [
    'the transaction evicted, and a block',
    async (chain) => {
      await chain.replace();
      await chain.emptyBlock();
    },
  ],
];

/** Decides on frames, and holds one word up. */
class Gate {
  #armed: { readonly word: string; act(): Promise<void> } | undefined;

  /** @returns once the word was held up until `act` was done, or was not said in time */
  async hold(word: string, act: () => Promise<void>): Promise<boolean> {
    const held = Promise.withResolvers<true>();
    const armed = { word, act: () => act().then(() => held.resolve(true), held.reject) };
    this.#armed = armed;
    const isHeld = await Promise.race([held.promise, delay(WORD_LIMIT_MS, false)]);
    // The word may be under way at this moment.
    if (isHeld || this.#armed !== armed) return held.promise;
    this.#armed = undefined;
    return false;
  }

  passing(protocol: { decode(frame: Uint8Array): { message: { name: string } } }): Pass {
    return async ({ frame }) => {
      const armed = this.#armed;
      if (armed?.word === protocol.decode(frame).message.name) {
        this.#armed = undefined;
        await armed.act();
      }
      return [frame];
    };
  }
}

/** What a miner mines on, display order. */
const tipOf = (channel: RawChannel): string => toHex(reversed(channel.prevHash.prev_hash));

interface Mined {
  readonly sequence: number;
  /** Display order. */
  readonly prevHash: string;
}

/** Mines all the time, and looks what becomes of each share. */
class Miner {
  readonly #channel: RawChannel;
  readonly #key: Uint8Array;
  readonly #chain: LateChain;
  readonly #mining: NodeJS.Timeout;
  readonly #pending = new Set<Mined>();
  readonly faults: string[] = [];
  readonly paid: Mined[] = [];
  stale = 0;

  constructor(channel: RawChannel, key: Uint8Array, chain: LateChain) {
    this.#channel = channel;
    this.#key = key;
    this.#chain = chain;
    this.#mining = setInterval(() => this.#mine(), SHARE_EVERY_MS);
  }

  /** Hands no more in. */
  stop(): void {
    clearInterval(this.#mining);
  }

  /** Shares without an answer. */
  get waiting(): number {
    this.look();
    return this.#pending.size;
  }

  /** Takes the answers that came: a share is refused for nothing but its tip, and that one must be gone. */
  look(): void {
    for (const share of this.#pending) {
      const answer = this.#answerTo(share);
      if (answer === undefined) continue;
      this.#pending.delete(share);
      if (answer === 'accepted') this.paid.push(share);
      else if (/^stale-/.test(answer) && share.prevHash !== this.#chain.best) this.stale++;
      else this.faults.push(`${answer} on ${share.prevHash === this.#chain.best ? 'the' : 'an old'} tip`);
    }
  }

  #mine(): void {
    this.look();
    const channel = this.#channel;
    const extranonce = Uint8Array.from(randomBytes(channel.extranonceSize));
    const prevHash = tipOf(channel);
    const sequence = channel.push(channel.mine(undefined, { extranonce }), shareTlvs(this.#key));
    this.#pending.add({ sequence, prevHash });
  }

  #answerTo({ sequence }: Mined): string | undefined {
    for (const message of this.#channel.miner.received) {
      if (message.name === 'SubmitShares.Error' && message.sequence_number === sequence)
        return message.error_code;
      if (message.name === 'SubmitShares.Success' && message.last_sequence_number >= sequence)
        return 'accepted';
    }
    return undefined;
  }
}

test(`${RUNS} races on real nodes: no pool is left, and no share goes unpaid whose tip stands`, async (t) => {
  const seed = Number(process.env['RACE_SEED'] ?? randomInt(2 ** 31));
  const told = [`RACE_SEED=${seed}`];
  try {
    await race(t, seeded(seed), told);
  } catch (error) {
    throw new Error(told.join('\n'), { cause: error });
  }
});

test('race: a jd-server that asks for transactions of a job whose tip is gone is told that there are none, and goes on', async (t) => {
  const gate = new Gate();
  const provided: number[] = [];
  const { scene, chain } = await lateScene(t, () => 0, {
    atServer(passing) {
      const { message } = jobDeclarationProtocol.decode(passing.frame);
      if (message.name === 'ProvideMissingTransactions.Success')
        provided.push(message.transaction_list.length);
      return gate.passing(jobDeclarationProtocol)(passing);
    },
  });
  const channel = await channelOf(scene);
  await scene.client.role.says(/the pool mines our job/);
  provided.length = 0;
  await chain.replace();
  const holding = gate.hold('ProvideMissingTransactions', async () => {
    await chain.emptyBlock();
    await until(() => tipOf(channel) === chain.best, 'the next tip at the miner', SETTLING_LIMIT_MS);
  });
  await chain.emptyBlock();
  assert(await holding, 'the transactions of the first job are asked for');
  await until(() => provided.length > 1, 'transactions of the job after it', SETTLING_LIMIT_MS);
  assert.equal(provided[0], 0);
  assert(Number(provided[1]) > 0, 'the next job is declared with its transactions');
  assert.equal(await share(channel, scene.key), 'accepted');
  assert.doesNotMatch(scene.client.role.output, /it gave no token/);
});

/** All roles, the jd-server's node late by so many milliseconds. */
async function lateScene(t: TestContext, lateness: () => number, options: JdSceneOptions) {
  const late = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  const opening = Promise.withResolvers<LateChain>();
  const scene = await jdScene(t, {
    coins: 2,
    ...options,
    async serverNode({ node }) {
      opening.resolve(await LateChain.open(node, late, lateness));
      return late;
    },
  });
  return { scene, chain: await opening.promise };
}

async function race(t: TestContext, random: () => number, told: string[]): Promise<void> {
  const lateness = () => random() * MOST_SKEW_MS;
  const gate = new Gate();
  const { scene, chain } = await lateScene(t, lateness, {
    atServer: gate.passing(jobDeclarationProtocol),
    atPool: gate.passing(miningProtocol),
    atProvider: gate.passing(templateDistributionProtocol),
    async atPoolsProvider({ frame }) {
      const { name } = templateDistributionProtocol.decode(frame).message;
      if (name === 'SetNewPrevHash') await delay(lateness());
      return [frame];
    },
  });
  const { client, mint } = scene;
  const miner = new Miner(await channelOf(scene), scene.key, chain);
  t.after(() => miner.stop());

  const words = [...WORDS].sort(() => random() - 0.5);
  let held = 0;
  for (let run = 0; run < RUNS; run++) {
    const word = words[run % words.length] ?? '';
    const [what, act] = TROUBLES[Math.floor(random() * TROUBLES.length)] ?? [];
    assert(act);
    await chain.replace();
    const holding = gate.hold(word, async () => {
      miner.look();
      await act(chain);
      await delay(lateness());
    });
    await chain.emptyBlock();
    const isHeld = await holding;
    if (isHeld) held++;
    told.push(`run ${run}: ${isHeld ? `${what} before ${word}` : `${word} was not said`}`);
    const isPaid = () => miner.paid.some(({ prevHash }) => prevHash === chain.best);
    await until(isPaid, 'share that is paid on the newest tip', SETTLING_LIMIT_MS);
    await chain.settled();
    assert.deepEqual(miner.faults, []);
  }
  miner.stop();
  await until(() => miner.waiting === 0, 'answer to each share', SETTLING_LIMIT_MS);
  assert.deepEqual(miner.faults, []);
  await until(() => mint.shares.length >= miner.paid.length, 'paid shares at the mint', SETTLING_LIMIT_MS);
  assert.equal(mint.shares.length, miner.paid.length, 'no share is paid twice, or without its answer');
  assert.match(client.role.status.text, /^mining for 127/);
  assert.doesNotMatch(client.role.output, /our jobs are refused|miners mine solo/);
  const part = miner.paid.length / (miner.paid.length + miner.stale);
  t.diagnostic(
    `${held} words held up; ${miner.paid.length} shares paid, ${miner.stale} stale with their tip`,
  );
  assert(held >= RUNS / 2, `only ${held} words were held up`);
  assert(part > 0.5, `only ${Math.round(100 * part)} % of all shares were paid`);
}
