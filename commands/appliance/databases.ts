import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse } from 'smol-toml';
import { readReference } from '../../runtime/config/references.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import type { StateFolder } from '../../services/supervisor/state-folder.ts';

/** Where the databases of an appliance lie. */
export interface DatabasePaths {
  readonly outbox: string;
  /** A file, or the URL of a PostgreSQL database. */
  readonly mint: string;
  readonly wallet: string;
  /** The mint's database of payouts on the chain. */
  readonly payouts: string;
  /** The time series of both sides' stats services: files, or URLs of PostgreSQL databases. */
  readonly poolStats: string;
  readonly proxyStats: string;
  /** The folder of the mint's journal, where it keeps one. */
  readonly journal: string | undefined;
}

/** The databases as the roles of the last run had them: from the environment, their config, or the default. */
export function databasePaths(
  state: StateFolder,
  environment: NodeJS.ProcessEnv = process.env,
): DatabasePaths {
  const path = (role: string, config: string, table: string | undefined, fallback: string): string => {
    const named = configured(join(state.config, config), table, 'db_path') ?? fallback;
    return isAbsolute(named) ? named : join(state.role(role), named);
  };
  const statsPlace = (role: 'pool-stats' | 'proxy-stats'): string =>
    serverOf(state, { role, config: `${role}.config.toml`, table: 'server' }) ??
    path(role, `${role}.config.toml`, 'server', 'stats.sqlite');
  return {
    outbox: path('pool', 'pool.config.toml', undefined, 'outbox.sqlite'),
    poolStats: statsPlace('pool-stats'),
    proxyStats: statsPlace('proxy-stats'),
    payouts: mintServer(state) ?? join(state.role('mint'), 'onchain.sqlite'),
    journal: journalFolder(state),
    mint:
      mintServer(state) ??
      environment['CDK_MINT_DB_PATH'] ??
      path('mint', 'mint.config.toml', 'hashpool_mint', 'mint.sqlite'),
    wallet:
      environment['CDK_WALLET_DB_PATH'] ??
      path('translator', 'tproxy.config.toml', 'wallet', 'wallet.sqlite'),
  };
}

function journalFolder(state: StateFolder): string | undefined {
  const named = configured(join(state.config, 'mint.config.toml'), 'backup', 'journal_path');
  return named && (isAbsolute(named) ? named : join(state.role('mint'), named));
}

/** The URL of the mint's database, where that is PostgreSQL. */
function mintServer(state: StateFolder): string | undefined {
  return serverOf(state, { role: 'mint', config: 'mint.config.toml', table: 'hashpool_mint' });
}

/** The URL that a role's `database` stands for; undefined where it names none. */
function serverOf(
  state: StateFolder,
  { role, config, table }: { role: string; config: string; table: string },
): string | undefined {
  const named = configured(join(state.config, config), table, 'database');
  const folders = {
    state: state.role(role),
    credentials: state.roleCredentials(role),
    published: state.published,
  };
  return named && readReference(folders, named);
}

/** True where a database can be opened; a server says for itself what is amiss. */
export function isThere(place: string): boolean {
  return isPostgres(place) || existsSync(place);
}

/** A database and what SQLite keeps beside it. */
export function databaseFiles(path: string): string[] {
  return [path, `${path}-wal`, `${path}-shm`];
}

function configured(file: string, table: string | undefined, key: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const config = parse(readFileSync(file, 'utf8'));
  const section = table === undefined ? config : config[table];
  const value =
    typeof section === 'object' ? Object.entries(section).find(([name]) => name === key)?.[1] : '';
  return typeof value === 'string' && value !== '' ? value : undefined;
}
