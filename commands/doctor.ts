import { existsSync } from 'node:fs';
import { join } from 'node:path';
import project from '../package.json' with { type: 'json' };
import { messageOf } from '../protocols/errors.ts';
import { loadConfig } from '../runtime/config/load.ts';
import { readReference } from '../runtime/config/references.ts';
import { rpcAuthFromText } from '../runtime/rpc/auth.ts';
import { bitcoinRpc } from '../runtime/rpc/client.ts';
import { poolSide } from '../services/shared-config/pool-side.ts';
import { notedPorts } from '../services/supervisor/ports.ts';
import { type Role, type RolesTable, readRolesTable } from '../services/supervisor/roles-table.ts';
import { type Side, tableOfSides } from '../services/supervisor/sides.ts';
import { existingState, type StateFolder } from '../services/supervisor/state-folder.ts';
import { readOrHelp, refuseWords, runCommand } from './appliance/command-line.ts';
import { databasePaths } from './appliance/databases.ts';
import { roleSchemas } from './appliance/role-schemas.ts';
import { bad, type Finding } from './doctor/finding.ts';
import { type Host, thisHost } from './doctor/host.ts';
import { lookAtBackups, lookAtConfig, lookAtCredentials, lookAtDisk } from './doctor/look-at-files.ts';
import {
  lookAtClock,
  lookAtFirewall,
  lookAtPorts,
  lookAtUnits,
  lookAtVersions,
} from './doctor/look-at-host.ts';
import { lookAtJobDeclaration } from './doctor/look-at-job-declaration.ts';
import { judgeFit, lookAtNode } from './doctor/look-at-node.ts';

const usage = `npm run doctor -- [--state DIR] [--json]: looks at a host and says what is wrong with it, and what to do

Chain, RPC, ports, credentials, config, job declaration, disk, backups, clock, firewall, services, and versions that do not fit each other.
Changes nothing. As root it sees most. Exit code 1 where something is wrong. --state names the appliance's folder
(default .state; /var/lib/hashpool on a server).`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, {
    state: { type: 'string', default: '.state' },
    json: { type: 'boolean', default: false },
  });
  refuseWords(positionals);
  const state = existingState(values.state);
  const whole = readRolesTable();
  const table = tableOfSides(whole, sidesOf(state), absentRoles(whole, state));
  const findings = await examine(thisHost(state, table.roles), table);
  process.stdout.write(values.json ? `${JSON.stringify(findings)}\n` : report(findings));
  return findings.some(({ level }) => level === 'bad') ? 1 : 0;
}

/** What is for trials, and what runs only where it is asked for and has no config here. */
function absentRoles({ roles }: RolesTable, state: StateFolder): string[] {
  const isAbsent = ({ trial = false, feature, config }: Role) =>
    trial || (feature !== undefined && !existsSync(join(state.config, config)));
  return roles.filter(isAbsent).map((role) => role.name);
}

/** The sides whose shared file is among the config. */
function sidesOf(state: StateFolder): Side[] {
  const sides: Side[] = [];
  if (existsSync(join(state.config, 'shared/pool.toml'))) sides.push('server');
  if (existsSync(join(state.config, 'shared/miner.toml'))) sides.push('client');
  return sides;
}

async function examine(host: Host, table: RolesTable): Promise<Finding[]> {
  const { state } = host;
  const isServer = table.roles.some((role) => role.side === 'server');
  const folders = [state.root, databasePaths(state).journal].filter((path) => path !== undefined);
  return [
    ...lookAtVersions(project.version, process.version, table),
    ...lookAtConfig(host, await roleSchemas()),
    ...lookAtCredentials(host, table),
    ...lookAtJobDeclaration(host),
    ...(isServer ? await lookAtChain(host) : []),
    ...(await lookAtUnits(host)),
    ...(await lookAtPorts(host, portsOf(state, table))),
    ...lookAtDisk(host, [...new Set(folders)]),
    ...lookAtBackups(host),
    ...(await lookAtClock(host)),
    ...(await lookAtFirewall(host)),
  ];
}

async function lookAtChain(host: Host): Promise<Finding[]> {
  const { state } = host;
  try {
    const { bitcoin } = loadConfig(poolSide, join(state.config, 'shared/pool.toml'));
    const folders = { state: state.root, credentials: state.credentials, published: state.published };
    const rpc = bitcoinRpc({
      url: bitcoin.rpc_url,
      auth: rpcAuthFromText(readReference(folders, bitcoin.rpc_auth)),
    });
    const { findings, version } = await lookAtNode(rpc, bitcoin.network, host.now());
    rpc.close();
    const sv2tp = await sv2tpVersion(host);
    return version === undefined || sv2tp === undefined ? findings : [...findings, judgeFit(version, sv2tp)];
  } catch (error) {
    return [bad('rpc', messageOf(error), 'correct shared/pool.toml; every role of the server side reads it')];
  }
}

/** What the template provider says of its version, where it is sv2-tp. */
async function sv2tpVersion({ run }: Host): Promise<string | undefined> {
  const command = await run(
    'systemctl',
    'show',
    '--property=ExecStart',
    '--value',
    'hashpool-template-provider',
  );
  const program = /path=(\S*sv2-tp)\b/.exec(command ?? '')?.[1];
  return program === undefined ? undefined : run(program, '-version');
}

/** What differs from the table: all of it where `npm start` has numbered the ports, else the node's RPC port by network. */
function portsOf(state: StateFolder, table: RolesTable): ReadonlyMap<string, number> {
  const noted = notedPorts(state.config);
  if (noted) return noted;
  const file = join(state.config, 'shared/pool.toml');
  if (!existsSync(file)) return new Map();
  try {
    const { network } = loadConfig(poolSide, file).bitcoin;
    const port = table.rpcPorts.get(network);
    return port === undefined ? new Map() : new Map([['bitcoind rpc', port]]);
  } catch {
    // What is wrong with that file is said of the chain.
    return new Map();
  }
}

const MARKS = { ok: 'ok  ', warn: 'look', bad: 'BAD ' } as const;

function report(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, about, words, remedy }) => [
    `${MARKS[level]}  ${about.padEnd(12)} ${words}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(19)}${remedy}`]),
  ]);
  const count = (level: Finding['level']) => findings.filter((each) => each.level === level).length;
  return `${lines.join('\n')}\n${count('bad')} wrong, ${count('warn')} to look at, ${count('ok')} well\n`;
}

await runCommand('npm run doctor', () => main(process.argv.slice(2)));
