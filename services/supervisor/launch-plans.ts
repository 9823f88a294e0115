import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PlacedPort, portOf } from './ports.ts';
import type { LaunchPlan } from './role-process.ts';
import { nodeFlags, type Role, type RolesTable } from './roles-table.ts';
import type { StateFolder } from './state-folder.ts';

export interface LaunchOptions {
  readonly debug: boolean;
  /** Whether a wallet of the node on regtest makes payments, so that blocks have transactions. */
  readonly payments: boolean;
}

/**
 * How each role of the table is run under the supervisor. `command` names an entrypoint of this project; of
 * other programs the supervisor knows bitcoind.
 */
export function launchPlans(
  table: RolesTable,
  state: StateFolder,
  ports: readonly PlacedPort[],
  options: LaunchOptions,
): LaunchPlan[] {
  return table.roles.map((role) => ({
    name: role.name,
    after: role.after,
    nodeFlags: nodeFlags(role),
    ...program(role, state, ports, options),
    environment: {
      STATE_DIRECTORY: state.role(role.name),
      CREDENTIALS_DIRECTORY: state.roleCredentials(role.name),
      PUBLIC_DIRECTORY: state.published,
    },
    log: join(state.logs, `${role.name}.log`),
  }));
}

function program(
  role: Role,
  state: StateFolder,
  ports: readonly PlacedPort[],
  options: LaunchOptions,
): Pick<LaunchPlan, 'entry' | 'arguments'> {
  const config = join(state.config, role.config);
  if (role.command === 'bitcoind') {
    const rpcPort = String(portOf(ports, role.name, 'rpc'));
    return {
      entry: projectFile('services/supervisor/bitcoind-process.ts'),
      arguments: ['--config', config, '--rpc-port', rpcPort, ...(options.payments ? ['--payments'] : [])],
    };
  }
  const shared = role.shared === undefined ? [] : ['-g', join(state.config, role.shared)];
  const debug = options.debug ? ['--debug'] : [];
  return { entry: projectFile(role.command), arguments: ['-c', config, ...shared, ...debug] };
}

function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
