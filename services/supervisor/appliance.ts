import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadCrypto } from '../../runtime/crypto.ts';
import { provideCredentials } from './credentials.ts';
import { writeEffectiveConfig } from './effective-config.ts';
import { launchPlans } from './launch-plans.ts';
import { lockFolder } from './lock.ts';
import { notePorts, type PlacedPort, placePorts } from './ports.ts';
import type { LaunchPlan } from './role-process.ts';
import { type Role, type RolesTable, readRolesTable } from './roles-table.ts';
import { type Side, tableOfSides } from './sides.ts';
import { checkFolder, createFolders, ownFolders, type StateFolder, stateFolder } from './state-folder.ts';

/** An appliance that can start: its folder is ours, its config, keys and ports are settled. */
export interface Appliance {
  readonly state: StateFolder;
  /** The folder that the config files come from. */
  readonly configSource: string;
  readonly ports: readonly PlacedPort[];
  readonly plans: readonly LaunchPlan[];
  /** Lets go of the state folder. */
  release(): void;
}

export interface ApplianceOptions {
  readonly state: string;
  /** The folder of config files; the project's own for regtest where none is given. */
  readonly config?: string | undefined;
  readonly fresh?: boolean;
  readonly portBase?: number | undefined;
  readonly debug?: boolean;
  /** Whether the roles run by which miners choose their own blocks. */
  readonly jobDeclaration?: boolean;
  /** The roles of one side alone, and of these not what is for trials. */
  readonly side?: Side;
  /** Roles that something else runs. */
  readonly without?: readonly string[];
}

const regtestConfig = fileURLToPath(new URL('../../config/regtest', import.meta.url));

/**
 * Takes the state folder, empties it where that is wished, and puts into it what the roles need to start.
 * @throws HashpoolError 'not-a-state-folder', 'state-in-use', 'bad-port-base', 'no-config', 'bad-credential', 'bad-roles-table'
 */
export async function prepareAppliance(options: ApplianceOptions): Promise<Appliance> {
  const whole = readRolesTable();
  const table = tableOf(whole, options);
  // A side numbers its ports as both together do, so that they find each other.
  const ports = placePorts(whole, options.portBase);
  const state = stateFolder(options.state);
  const roles = table.roles.map((role) => role.name);
  const configSource = options.config ?? regtestConfig;
  checkFolder(state);
  createFolders(state, []);
  const lock = lockFolder(state.lock, process.pid);
  try {
    if (options.fresh === true) emptyFolder(state, roles);
    createFolders(state, roles);
    const { curve } = await loadCrypto();
    provideCredentials(table, state, { curve, randomBytes });
    writeEffectiveConfig(table, configSource, state.config, ports);
    notePorts(state.config, ports);
    const plans = launchPlans(table, state, ports, {
      debug: options.debug ?? false,
      payments: options.jobDeclaration ?? false,
    });
    return { state, configSource, ports, plans, release: lock.release };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function tableOf(whole: RolesTable, options: ApplianceOptions): RolesTable {
  const { side, without = [], jobDeclaration = false } = options;
  const isLeftOut = ({ trial = false, feature }: Role): boolean =>
    (side !== undefined && trial) || (feature !== undefined && !jobDeclaration);
  const leftOut = whole.roles.filter(isLeftOut).map((role) => role.name);
  return tableOfSides(whole, side === undefined ? ['server', 'client'] : [side], [...leftOut, ...without]);
}

/** Removes what an appliance puts into its folder, and nothing that it does not know. */
function emptyFolder(state: StateFolder, roles: readonly string[]): void {
  for (const folder of ownFolders(state, roles)) rmSync(folder, { recursive: true, force: true });
}
