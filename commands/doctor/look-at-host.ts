import type { RolesTable } from '../../services/supervisor/roles-table.ts';
import { bad, type Finding, ok, warn } from './finding.ts';
import type { Host } from './host.ts';

/** What may be open to the world beside the table's own ports: SSH, and nginx. */
const USUAL_PORTS = [22, 80, 443];
const LEAST_NODE = 24;

/** Units of this host's roles, where systemd runs them: what failed, and what was started again and again. */
export async function lookAtUnits({ run, roles }: Host): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const role of roles) {
    const unit = role.name === 'bitcoind' ? 'bitcoind' : `hashpool-${role.name}`;
    const shown = await run(
      'systemctl',
      'show',
      '--property=LoadState,ActiveState,ExecMainStatus,NRestarts,StatusText',
      unit,
    );
    const state = new Map(
      shown
        ?.split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
    );
    if (state.get('LoadState') !== 'loaded') continue;
    const status = state.get('StatusText') ?? '';
    const active = state.get('ActiveState');
    const log = `journalctl -u ${unit} -n 50`;
    if (state.get('ExecMainStatus') === '78' && active === 'failed')
      findings.push(
        bad(
          'units',
          `${unit} refuses its config`,
          `${log} names the key; correct it, then systemctl restart ${unit}`,
        ),
      );
    else if (active !== 'active')
      findings.push(bad('units', `${unit} is ${active}`, `${log}; systemctl start ${unit}`));
    else if (Number(state.get('NRestarts')) > 0)
      findings.push(
        warn('units', `${unit} was started again ${state.get('NRestarts')} times: ${status}`, log),
      );
    else findings.push(ok('units', `${unit}: ${status || 'active'}`));
  }
  return findings;
}

/** The ports of the table: who listens, and whether anything is open that should not be. */
export async function lookAtPorts(host: Host, portsOf: ReadonlyMap<string, number>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const listeners = host.listeners();
  const open = new Set(USUAL_PORTS);
  for (const role of host.roles) {
    for (const port of role.ports) {
      const number = portsOf.get(`${role.name} ${port.name}`) ?? port.number;
      if (port.listen === 'open') open.add(number);
      const what = `${number}, ${role.name}'s ${port.name}`;
      const answers = await host.answers(number);
      if (port.key !== undefined && !answers) continue;
      if (!answers) {
        findings.push(
          bad('ports', `nothing answers at ${what}`, `see whether ${role.name} runs, and what its log says`),
        );
      } else if (
        port.listen === 'loopback' &&
        listeners.some((each) => each.port === number && !each.isLoopback)
      ) {
        findings.push(
          bad('ports', `${what}, is open to other machines`, `let it listen on 127.0.0.1 in ${role.config}`),
        );
      } else {
        findings.push(ok('ports', `${what}, answers`));
      }
    }
  }
  for (const port of new Set(listeners.filter((each) => !each.isLoopback).map((each) => each.port))) {
    if (!open.has(port) && !findings.some(({ words }) => words.startsWith(`${port},`)))
      findings.push(
        warn(
          'ports',
          `${port} is open to other machines, and is no port of hashpool's`,
          `ss -tlnp 'sport = :${port}' says whose it is; let the firewall keep it closed`,
        ),
      );
  }
  return findings;
}

/** Whether something keeps closed what is not to be reached. */
export async function lookAtFirewall({ run }: Host): Promise<Finding[]> {
  const rules = (await run('nft', 'list', 'ruleset')) || (await run('iptables', '-S', 'INPUT'));
  if (rules === undefined)
    return [
      warn(
        'firewall',
        'its rules can not be read',
        'run this as root; nft list ruleset or iptables -S shows them',
      ),
    ];
  if (/drop|reject|DROP|REJECT|nixos-fw/.test(rules))
    return [ok('firewall', 'it refuses what it does not know')];
  return [
    warn(
      'firewall',
      'it refuses nothing',
      'networking.firewall.enable = true; elsewhere allow 22 and the open ports of docs/operations.md, and drop the rest',
    ),
  ];
}

/** Whether the machine keeps time: shares carry it, and certificates. */
export async function lookAtClock({ run }: Host): Promise<Finding[]> {
  const synchronized = await run('timedatectl', 'show', '--property=NTPSynchronized', '--value');
  if (synchronized === 'yes') return [ok('clock', 'it is kept by NTP')];
  const remedy = 'timedatectl set-ntp true; devices refuse certificates of a wrong time, and nodes blocks';
  return [
    warn(
      'clock',
      synchronized === undefined ? 'nothing says whether it is right' : 'it is not kept by NTP',
      remedy,
    ),
  ];
}

/** The versions that this runs on. */
export function lookAtVersions(version: string, runtime: string, table: RolesTable): Finding[] {
  const node = Number(runtime.replace(/^v/, '').split('.')[0]);
  if (node < LEAST_NODE) return [bad('versions', `Node is ${runtime}`, `take Node ${LEAST_NODE} or later`)];
  return [ok('versions', `hashpool ${version} with ${table.roles.length} roles, Node ${runtime}`)];
}
