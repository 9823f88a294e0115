import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Audit, auditAppliance } from '../../commands/appliance/audit-sums.ts';
import { type BitcoinRpc, bitcoinRpc } from '../../runtime/rpc/client.ts';
import { prepareAppliance } from '../../services/supervisor/appliance.ts';
import { type ApplianceFigures, gatherFigures } from '../../services/supervisor/figures.ts';
import { placePorts, portOf } from '../../services/supervisor/ports.ts';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';
import type { StateFolder } from '../../services/supervisor/state-folder.ts';
import { type Ending, Supervisor } from '../../services/supervisor/supervise.ts';
import type { RoleView } from '../../services/supervisor/supervised-role.ts';
import { integerOf } from '../../services/supervisor/totals.ts';
import { freePortBase } from './free-ports.ts';
import { PATIENCE_MS } from './patience.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A whole appliance that a test runs: real processes, a real bitcoind, a state folder and ports of its own. */
export interface TestAppliance {
  readonly state: StateFolder;
  /** Where miners connect. */
  readonly sv1Port: number;
  /** The pool's own port. */
  readonly sv2Port: number;
  readonly mintUrl: string;
  /** What the stats services serve: dashboards, API, health. */
  readonly dashboards: { readonly pool: string; readonly proxy: string };
  readonly rpc: BitcoinRpc;
  role(name: string): RoleView;
  figures(): ApplianceFigures;
  /** Waits for a condition, which is looked at whenever a role reports something. Fails with `what`. */
  until(what: string, condition: () => boolean, limitMs?: number): Promise<void>;
  /** Waits until the mint has all of the outbox, which is at least `answered` shares, and the wallet has collected it. */
  collected(answered: number): Promise<void>;
  /** Ends a role's process by SIGKILL and waits until the next one is ready. */
  kill(name: string): Promise<void>;
  stop(): Promise<Ending>;
  /** The sums of the databases; of a stopped appliance. */
  audit(): Audit;
}

export interface TestApplianceOptions {
  /** Roles of the table that are not started. */
  readonly without?: readonly string[];
  /** A state folder to go on with. */
  readonly state?: string;
  /** Changes a config file's text; `file` is its path below config/regtest. */
  readonly edit?: (file: string, text: string) => string;
  readonly jobDeclaration?: boolean;
}

const LOOK_MS = 20;
const regtestConfig = fileURLToPath(new URL('../../config/regtest', import.meta.url));

/** Starts an appliance, waits until all its roles are ready, and stops it when the test is over. */
export async function startAppliance(
  t: Pick<TestContext, 'after'>,
  options: TestApplianceOptions = {},
): Promise<TestAppliance> {
  const folder = temporaryFolder();
  const config = loopbackConfig(join(folder, 'config-source'), options.edit);
  const portBase = await freePortBase(placePorts(readRolesTable()).length);
  const appliance = await prepareAppliance({
    state: options.state ?? join(folder, 'state'),
    config,
    portBase,
    jobDeclaration: options.jobDeclaration ?? false,
  });
  const without = new Set(options.without);
  const watchers = new Set<() => void>();
  const supervisor: Supervisor = new Supervisor({
    plans: appliance.plans.filter((plan) => !without.has(plan.name)),
    restart: true,
    onChange: () => {
      for (const look of watchers) look();
    },
  });
  let stopped: Promise<Ending> | undefined;
  const stop = (): Promise<Ending> => {
    stopped ??= supervisor.stop('the test is over').finally(appliance.release);
    return stopped;
  };
  t.after(stop);
  const port = (role: string, name: string): number => portOf(appliance.ports, role, name);
  const role = (name: string): RoleView => {
    const view = supervisor.views().find((each) => each.name === name);
    if (view === undefined) throw new Error(`${name} does not run in this appliance`);
    return view;
  };
  const until: TestAppliance['until'] = (what, condition, limitMs = PATIENCE_MS) =>
    waitFor(what, condition, limitMs, watchers, () => describe(supervisor.views()));
  supervisor.start();
  await until('all roles to be ready', () => supervisor.views().every((view) => view.phase === 'ready'));
  return {
    state: appliance.state,
    sv1Port: port('translator', 'sv1-mining'),
    sv2Port: port('pool', 'sv2-mining'),
    mintUrl: `http://127.0.0.1:${port('mint', 'cashu-http')}`,
    dashboards: {
      pool: `http://127.0.0.1:${port('pool-stats', 'http')}/`,
      proxy: `http://127.0.0.1:${port('proxy-stats', 'http')}/`,
    },
    rpc: bitcoinRpc({
      url: `http://127.0.0.1:${port('bitcoind', 'rpc')}`,
      auth: readFileSync(join(appliance.state.credentials, 'bitcoin-rpc'), 'utf8').trim(),
    }),
    role,
    figures: () => gatherFigures(supervisor.views()),
    until,
    collected: async (answered) => {
      await until(`the mint to have ${answered} shares`, () => {
        const { outbox_rows: rows, outbox_sent: sent } = role('pool').figures;
        return integerOf(rows) >= BigInt(answered) && sent === rows;
      });
      await until('the wallet to collect the rest', () => gatherFigures(supervisor.views()).waiting === 0n);
    },
    kill: async (name) => {
      const { pid, restarts } = role(name);
      if (pid === undefined) throw new Error(`${name} has no process`);
      process.kill(pid, 'SIGKILL');
      await until(
        `${name} to be ready again`,
        () => role(name).restarts > restarts && role(name).phase === 'ready',
      );
    },
    stop,
    audit: () => auditAppliance(appliance.state),
  };
}

/** The project's config for regtest, listening on loopback alone. */
export function loopbackConfig(
  target: string,
  edit: (file: string, text: string) => string = (_, text) => text,
): string {
  cpSync(regtestConfig, target, { recursive: true });
  for (const file of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(toml|conf)$/.test(file)) continue;
    const path = join(target, file);
    writeFileSync(path, edit(file, readFileSync(path, 'utf8').replaceAll('0.0.0.0', '127.0.0.1')));
  }
  return target;
}

async function waitFor(
  what: string,
  condition: () => boolean,
  limitMs: number,
  watchers: Set<() => void>,
  describeNow: () => string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = (): void => {
    if (condition()) resolve();
  };
  const timer = setTimeout(
    () => reject(new Error(`waited ${limitMs} ms for ${what}\n${describeNow()}`)),
    limitMs,
  );
  watchers.add(look);
  // Not all that is waited for is a change that a supervisor tells: a process has its number a moment after it starts.
  const looking = setInterval(look, LOOK_MS);
  try {
    look();
    await promise;
  } finally {
    watchers.delete(look);
    clearInterval(looking);
    clearTimeout(timer);
  }
}

function describe(views: readonly RoleView[]): string {
  return views.map((view) => `${view.name}: ${view.phase} ${view.text}`).join('\n');
}
