import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { loadConfig } from '../../runtime/config/load.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { prepareAppliance } from '../../services/supervisor/appliance.ts';
import { describePhase } from '../../services/supervisor/screen.ts';
import type { Side } from '../../services/supervisor/sides.ts';
import { Supervisor } from '../../services/supervisor/supervise.ts';
import type { RoleView } from '../../services/supervisor/supervised-role.ts';
import { readCommandLine, refuseWords } from './command-line.ts';
import { parsePort } from './start-options.ts';

const regtestConfig = fileURLToPath(new URL('../../config/regtest', import.meta.url));

const usage = (
  side: Side,
) => `npm run ${side}d -- [options]: the ${side} side's roles in the foreground, for a host without systemd

  --state DIR         keep all state in DIR (default .state-${side})
  --config DIR        take the config files from DIR (default config/regtest)${
    side === 'client'
      ? `
  --server-keys DIR   copy the server side's public keys from DIR first (its state folder's public/)`
      : ''
  }
  --job-declaration   with the side's role by which miners choose their own blocks
  --port-base N       the first port of nix/roles.toml becomes N, the next N+1, and so on, on both sides
  --no-restart        end as soon as a role dies, and say why
  --debug             log more
  --help              show this

On regtest the server side brings a bitcoind of its own; elsewhere it takes the node that the config names, whose
user:password goes into credentials/bitcoin-rpc of the state folder. Ends, in order, on Ctrl-C and SIGTERM.`;

/** Runs the roles of one side under the supervisor of `npm start`, until it is told to stop or one can't go on. */
export async function runSide(side: Side, args: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(args, {
    state: { type: 'string', default: `.state-${side}` },
    config: { type: 'string', default: regtestConfig },
    'job-declaration': { type: 'boolean', default: false },
    'port-base': { type: 'string' },
    'no-restart': { type: 'boolean', default: false },
    debug: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    ...(side === 'client' ? ({ 'server-keys': { type: 'string' } } as const) : {}),
  });
  if (values.help) {
    process.stdout.write(`${usage(side)}\n`);
    return 0;
  }
  refuseWords(positionals);
  const portBase = values['port-base'] === undefined ? undefined : parsePort(values['port-base']);
  const appliance = await prepareAppliance({
    state: values.state,
    config: values.config,
    debug: values.debug,
    jobDeclaration: values['job-declaration'],
    portBase,
    side,
    without: side === 'server' && networkOf(values.config) !== 'regtest' ? ['bitcoind'] : [],
  });
  try {
    const serverKeys = 'server-keys' in values ? values['server-keys'] : undefined;
    if (typeof serverKeys === 'string') takeKeys(serverKeys, appliance.state.published);
    say(`the ${side} side; state and logs are in ${appliance.state.root}`);
    const supervisor = new Supervisor({
      plans: appliance.plans,
      restart: !values['no-restart'],
      onChange: phaseTeller(),
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => void supervisor.stop(`stopped by ${signal}`));
    supervisor.start();
    const { reason, exitCode } = await supervisor.ended;
    (exitCode === 0 ? process.stdout : process.stderr).write(`${reason}\n`);
    return exitCode;
  } finally {
    appliance.release();
  }
}

function networkOf(config: string): string {
  return loadConfig(poolSide, join(config, 'shared/pool.toml')).bitcoin.network;
}

/** Puts the public keys of another state folder where this one's roles look for them. */
function takeKeys(from: string, to: string): void {
  try {
    const keys = readdirSync(from).filter((name) => name.endsWith('.pub'));
    if (keys.length === 0) throw new Error('there is no .pub file');
    for (const name of keys) copyFileSync(join(from, name), join(to, name));
  } catch (cause) {
    const message = `--server-keys ${from}: ${messageOf(cause)}; it is the folder public/ of the server side's state`;
    throw new HashpoolError('no-server-keys', message, { cause });
  }
}

/** Says each role's phase when it changes. */
function phaseTeller(): (role: RoleView) => void {
  const phases = new Map<string, string>();
  return (role) => {
    if (phases.get(role.name) === role.phase) return;
    phases.set(role.name, role.phase);
    say(`${role.name}: ${describePhase(role, Date.now())}${role.text === '' ? '' : ` (${role.text})`}`);
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
