import { setTimeout as delay } from 'node:timers/promises';
import { nodeFlags, readRolesTable } from '../../services/supervisor/roles-table.ts';
import { type Figure, quantile, type Reading, type Run, type Session } from './figure.ts';
import { HelperProcess } from './helper-process.ts';

/**
 * The translator between miners and a pool, each in a process of its own, beside plain sockets that are sent and
 * answer the same. 10,000 miners need `ulimit -n` 10,100.
 */

const CROWDS = [100, 1_000, 10_000];
const BURST = 10_000;
/** Shares of every miner before the first that count: it has had shares accepted, and for a crowd the code is compiled. */
const WARM_UP = 20;
const RATE = 20_000;
/**
 * Of a core, that plain sockets take for such a load on the machine it was set for, where they read and answer 91,400
 * lines a second and core.
 */
const PLAIN_LOAD = 0.22;
const SECONDS = 3;
const WARM_UP_TIPS = 5;
/** Odd, and so many that one which something else on the machine disturbed tells nothing. */
const TIPS = 21;
const SETTLE_MS = 300;

interface Used {
  readonly cpuUs: number;
  readonly stallMs: number;
}

interface Memory {
  readonly heap: number;
  readonly rss: number;
}

/** Miners, what serves them, and the pool behind it, each a process. */
/** As the appliance runs a role. */
function flagsOf(role: string): string[] {
  return readRolesTable()
    .roles.filter(({ name }) => name === role)
    .flatMap(nodeFlags);
}

class Scene {
  readonly miners: HelperProcess;
  readonly server: HelperProcess;
  readonly pool: HelperProcess | undefined;
  readonly number: number;
  readonly #port: number;

  private constructor(
    number: number,
    parts: { miners: HelperProcess; server: HelperProcess; pool: HelperProcess | undefined; port: number },
  ) {
    this.number = number;
    this.miners = parts.miners;
    this.server = parts.server;
    this.pool = parts.pool;
    this.#port = parts.port;
  }

  static async open(number: number, kind: 'real' | 'frames' | 'plain', mode = 'own'): Promise<Scene> {
    const pool =
      kind === 'plain' ? undefined : await HelperProcess.open('./pool-helper.ts', [kind], flagsOf('pool'));
    const upstream = pool === undefined ? 'plain' : String(await pool.ask<number>('port'));
    const server = await HelperProcess.open(
      './translator-helper.ts',
      [upstream, mode],
      flagsOf('translator'),
    );
    const miners = await HelperProcess.open('./sv1-crowd.ts');
    return new Scene(number, { miners, server, pool, port: await server.ask<number>('port') });
  }

  async connect(): Promise<void> {
    await this.miners.ask('connect', {
      number: this.number,
      port: this.#port,
      miner: this.pool !== undefined,
    });
  }

  async close(): Promise<void> {
    for (const part of [this.miners, this.server, this.pool]) await part?.close();
  }
}

const inWords = (number: number): string => number.toLocaleString('en');

/** CPU in microseconds for a share of each miner, until the pool has their frames; what answers them is not counted. */
async function submitAll({ miners, server, pool, number }: Scene): Promise<number> {
  if (!pool) throw new Error('no pool');
  await pool.ask('expect', { shares: number });
  await miners.ask('expect', { lines: number });
  await server.ask('begin');
  await miners.ask('burst', { shares: number });
  await pool.ask('arrived');
  const { cpuUs } = await server.ask<Used>('used');
  await pool.ask('answerAll');
  await miners.ask('arrived');
  return cpuUs;
}

/** CPU in microseconds for a share of each miner and its answer, of plain sockets or of a pool that answers by itself. */
async function submitAndAnswer({ miners, server, number }: Scene): Promise<number> {
  await miners.ask('expect', { lines: number });
  await server.ask('begin');
  await miners.ask('burst', { shares: number });
  await miners.ask('arrived');
  return (await server.ask<Used>('used')).cpuUs;
}

/** Plain sockets are given the same lines each time, right before the miners' are counted: see {@link fanOut}. */
function frames(number: number, mode: string): Figure {
  const shares = Math.max(number, BURST);
  return {
    name: `translator: submit to the encrypted frame, ${inWords(number)} miners, ${nameOf(mode)}`,
    unit: 'per second and core',
    async open(): Promise<Session> {
      const sockets = await Scene.open(number, 'plain');
      const scene = await Scene.open(number, 'frames', mode);
      await sockets.connect();
      await scene.connect();
      const used: { readonly plainUs: number; readonly cpuUs: number }[] = [];
      const run = async (rounds: number): Promise<Run> => {
        let [plainUs, cpuUs] = [0, 0];
        for (let round = 0; round < rounds; round++) {
          plainUs += await submitAndAnswer(sockets);
          cpuUs += await submitAll(scene);
        }
        used.push({ plainUs, cpuUs });
        return { operations: rounds * number, cpuUs };
      };
      await run(WARM_UP);
      used.length = 0;
      const ofAll = (of: (each: (typeof used)[number]) => number) => quantile(used.slice(1).map(of), 0.5);
      return {
        run: () => run(shares / number),
        readings: () => [
          {
            name: 'plain sockets, lines read and answered',
            unit: 'per second and core',
            value: ofAll(({ plainUs }) => (shares * 1e6) / plainUs),
          },
          { name: 'of that', unit: '', value: ofAll(({ plainUs, cpuUs }) => plainUs / cpuUs) },
        ],
        async close() {
          await scene.close();
          await sockets.close();
        },
      };
    },
  };
}

function nameOf(mode: string): string {
  return mode === 'own' ? 'a channel each' : 'aggregated';
}

async function warmUp(scene: Scene): Promise<void> {
  for (let round = 0; round < WARM_UP; round++) await submitAndAnswer(scene);
}

/** The rate that is to this machine what {@link RATE} is to the one that it was set for, by what plain sockets take. */
async function fittedRate(number: number): Promise<number> {
  const scene = await Scene.open(number, 'plain');
  await scene.connect();
  await warmUp(scene);
  await scene.server.ask('begin');
  await scene.miners.ask('keepUp', { rate: RATE, seconds: SECONDS });
  const { cpuUs } = await scene.server.ask<Used>('used');
  await scene.miners.ask('arrived');
  await scene.close();
  return Math.round((RATE * PLAIN_LOAD * SECONDS * 1e6) / cpuUs);
}

/**
 * Times at a steady rate, in milliseconds from the miner's write.
 * @param isFitted at the rate of {@link fittedRate}
 */
function delays(kind: 'real' | 'frames' | 'plain', number: number, mode = 'own', isFitted = false): Figure {
  const load = isFitted
    ? `what takes plain sockets ${PLAIN_LOAD} of a core`
    : `${inWords(RATE)} submits a second`;
  const to = {
    real: "the pool's durable answer",
    frames: 'the encrypted frame',
    plain: 'the answer of a plain socket',
  };
  return {
    name: `translator: ${load}, ${inWords(number)} miners, ${nameOf(mode)}, p50 to ${to[kind]}`,
    unit: 'ms',
    runs: 3,
    ...(kind !== 'plain' && !isFitted && { limit: { figure: plainDelays(number) } }),
    async open(): Promise<Session> {
      const rate = isFitted ? await fittedRate(number) : RATE;
      const scene = await Scene.open(number, kind, mode);
      const { miners, server, pool } = scene;
      await scene.connect();
      const p99s: number[] = [];
      const cores: number[] = [];
      if (kind === 'frames') await pool?.ask('answerSteadily');
      await warmUp(scene);
      const run = async (): Promise<Run> => {
        await server.ask('begin');
        const load = await miners.ask<{ first: number; shares: number }>('keepUp', {
          rate,
          seconds: SECONDS,
        });
        const { cpuUs } = await server.ask<Used>('used');
        await miners.ask('arrived');
        const from = await miners.ask<Float64Array>('sent', load);
        const until =
          kind === 'frames' && pool
            ? (await pool.ask<Float64Array>('arrivals', { shares: load.first + load.shares })).slice(
                load.first,
              )
            : await miners.ask<Float64Array>('answered', load);
        const times = Array.from(from, (ms, i) => (until[i] ?? Number.NaN) - ms);
        p99s.push(quantile(times, 0.99));
        cores.push(cpuUs / (SECONDS * 1e6));
        return { value: quantile(times, 0.5) };
      };
      return {
        run,
        readings: (): Reading[] => [
          { name: 'p99', unit: 'ms', value: quantile(p99s.slice(1), 0.5) },
          { name: 'of a core', unit: '', value: quantile(cores.slice(1), 0.5) },
          ...(isFitted ? [{ name: 'submits', unit: 'per second', value: rate }] : []),
        ],
        close: () => scene.close(),
      };
    },
  };
}

const limits = new Map<number, Figure>();

/** One figure for all that it is the limit of. */
function plainDelays(number: number): Figure {
  const figure = limits.get(number) ?? delays('plain', number);
  limits.set(number, figure);
  return figure;
}

/** A new tip to all miners of a scene. */
interface Tip extends Used {
  /** From the first write to the last miner that has the line. */
  readonly ms: number;
}

async function tellTip({ miners, server, pool, number }: Scene): Promise<Tip> {
  await miners.ask('expect', { lines: number });
  await server.ask('begin');
  const from = await (pool ? pool.ask<number>('newTip') : server.ask<number>('tellAll'));
  const until = await miners.ask<number>('arrived');
  await delay(SETTLE_MS);
  return { ms: until - from, ...(await server.ask<Used>('used')) };
}

/**
 * What plain sockets take for the same bytes differs by half from minute to minute. So they are told right before the
 * miners, each time, and each time is compared with its own.
 */
function fanOut(number: number, mode: string): Figure {
  return {
    name: `translator: new tip to the last of ${inWords(number)} miners, ${nameOf(mode)}, plain sockets' time being 1`,
    unit: '',
    runs: TIPS,
    async open(): Promise<Session> {
      const sockets = await Scene.open(number, 'plain');
      const scene = await Scene.open(number, 'frames', mode);
      await sockets.connect();
      await scene.connect();
      const tips: { readonly plain: Tip; readonly ours: Tip }[] = [];
      const run = async (): Promise<Run> => {
        const tip = { plain: await tellTip(sockets), ours: await tellTip(scene) };
        tips.push(tip);
        return { value: tip.ours.ms / tip.plain.ms };
      };
      for (let tip = 0; tip < WARM_UP_TIPS; tip++) await run();
      tips.length = 0;
      const median = (of: (tip: { plain: Tip; ours: Tip }) => number) => quantile(tips.map(of), 0.5);
      return {
        run,
        readings: () => [
          { name: 'time', unit: 'ms', value: median(({ ours }) => ours.ms) },
          { name: 'time of plain sockets', unit: 'ms', value: median(({ plain }) => plain.ms) },
          { name: 'CPU a miner', unit: 'µs', value: median(({ ours }) => ours.cpuUs) / number },
          { name: 'CPU a plain socket', unit: 'µs', value: median(({ plain }) => plain.cpuUs) / number },
          { name: 'stall of the event loop', unit: 'ms', value: median(({ ours }) => ours.stallMs) },
          {
            name: 'longest stall of all tips',
            unit: 'ms',
            value: Math.max(...tips.map(({ ours }) => ours.stallMs)),
          },
        ],
        async close() {
          await scene.close();
          await sockets.close();
        },
      };
    },
  };
}

function memory(number: number, mode: string): Figure {
  return {
    name: `translator: memory of a connection, ${inWords(number)} miners, ${nameOf(mode)}`,
    unit: 'KiB',
    runs: 1,
    async open(): Promise<Session> {
      let resident = Number.NaN;
      return {
        async run() {
          const scene = await Scene.open(number, 'frames', mode);
          const before = await scene.server.ask<Memory>('memory');
          await scene.connect();
          for (let tip = 0; tip < WARM_UP_TIPS; tip++) {
            await scene.miners.ask('expect', { lines: number });
            await scene.pool?.ask('newTip');
            await scene.miners.ask('arrived');
          }
          const most = await scene.server.ask<Memory>('memory');
          resident = most.rss / 1024;
          await scene.close();
          return { value: (most.heap - before.heap) / number };
        },
        readings: () => [{ name: 'resident', unit: 'MiB', value: resident }],
      };
    },
  };
}

export const figures: Figure[] = ['own', 'shared'].flatMap((mode) =>
  CROWDS.flatMap((number) => [
    frames(number, mode),
    delays('frames', number, mode),
    delays('real', number, mode),
    delays('frames', number, mode, true),
    delays('real', number, mode, true),
    fanOut(number, mode),
    memory(number, mode),
  ]),
);
