import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse } from 'smol-toml';
import type { StateFolder } from '../../services/supervisor/state-folder.ts';

/** Where the databases of an appliance lie. */
export interface DatabasePaths {
  readonly outbox: string;
  readonly mint: string;
  readonly wallet: string;
}

/** The databases' paths as the roles of the last run had them: from the environment, their config, or the default. */
export function databasePaths(
  state: StateFolder,
  environment: NodeJS.ProcessEnv = process.env,
): DatabasePaths {
  const path = (role: string, config: string, table: string | undefined, fallback: string): string => {
    const named = configured(join(state.config, config), table) ?? fallback;
    return isAbsolute(named) ? named : join(state.role(role), named);
  };
  return {
    outbox: path('pool', 'pool.config.toml', undefined, 'outbox.sqlite'),
    mint: environment['CDK_MINT_DB_PATH'] ?? path('mint', 'mint.config.toml', 'hashpool_mint', 'mint.sqlite'),
    wallet:
      environment['CDK_WALLET_DB_PATH'] ??
      path('translator', 'tproxy.config.toml', 'wallet', 'wallet.sqlite'),
  };
}

/** A database and what SQLite keeps beside it. */
export function databaseFiles(path: string): string[] {
  return [path, `${path}-wal`, `${path}-shm`];
}

function configured(file: string, table: string | undefined): string | undefined {
  if (!existsSync(file)) return undefined;
  const config = parse(readFileSync(file, 'utf8'));
  const section = table === undefined ? config : config[table];
  if (typeof section !== 'object' || section === null || !('db_path' in section)) return undefined;
  return typeof section['db_path'] === 'string' ? section['db_path'] : undefined;
}
