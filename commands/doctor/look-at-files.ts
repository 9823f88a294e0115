import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { messageOf } from '../../protocols/errors.ts';
import { loadConfig } from '../../runtime/config/load.ts';
import type { RolesTable } from '../../services/supervisor/roles-table.ts';
import { bad, type Finding, ok, warn } from './finding.ts';
import type { Host } from './host.ts';

const GIB = 2 ** 30;
const LEAST_FREE = GIB;
const LOW_FREE = 5 * GIB;
const HOUR_MS = 3_600_000;
/** A backup that is older than this was most likely not meant to be the newest. */
const OLD_BACKUP_HOURS = 48;

/** Whether each role's config says what it may. */
export function lookAtConfig({ state, roles }: Host, schemas: ReadonlyMap<string, TSchema>): Finding[] {
  const findings: Finding[] = [];
  for (const role of roles) {
    const schema = schemas.get(role.name);
    if (schema === undefined) continue;
    try {
      loadConfig(schema, join(state.config, role.config));
    } catch (error) {
      findings.push(bad('config', messageOf(error), `correct it; ${role.name} does not start with it`));
    }
  }
  return findings.length > 0
    ? findings
    : [ok('config', `the config files of ${roles.length} roles are well-formed`)];
}

/** Whether each key is there, and closed to others; and whether what peers read of it is there. */
export function lookAtCredentials({ state }: Host, table: RolesTable): Finding[] {
  const findings: Finding[] = [];
  for (const [name, { publishes }] of table.credentials) {
    const file = join(state.credentials, name);
    if (!existsSync(file)) {
      const remedy =
        'systemctl restart hashpool-credentials makes it; where it was there before, put its copy back: a new one is another identity';
      findings.push(bad('credentials', `${file} is not there`, remedy));
      continue;
    }
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0)
      findings.push(
        bad(
          'credentials',
          `${file} can be read by others`,
          `chmod 600 ${file}, and take a new one where somebody may have`,
        ),
      );
    if (readFileSync(file, 'utf8').trim() === '')
      findings.push(bad('credentials', `${file} is empty`, 'put its copy back'));
    if (publishes !== undefined && !existsSync(join(state.published, publishes)))
      findings.push(
        bad(
          'credentials',
          `${join(state.published, publishes)} is not there, and peers read it`,
          'systemctl restart hashpool-credentials',
        ),
      );
  }
  return findings.length > 0
    ? findings
    : [ok('credentials', `${table.credentials.size} keys are there and closed to others`)];
}

/** Whether there is room where the appliance writes. */
export function lookAtDisk(host: Host, folders: readonly string[]): Finding[] {
  return folders.map((folder) => {
    try {
      const { free, size } = host.disk(folder);
      const words = `${(free / GIB).toFixed(1)} of ${(size / GIB).toFixed(1)} GiB are free at ${folder}`;
      if (free < LEAST_FREE) return bad('disk', words, 'make room: no share is taken that can not be stored');
      if (free < LOW_FREE)
        return warn(
          'disk',
          words,
          'make room soon: journalctl --vacuum-size=500M, nix-collect-garbage -d, fewer backups',
        );
      return ok('disk', words);
    } catch (error) {
      return bad(
        'disk',
        `${folder}: ${messageOf(error)}`,
        'mount the disk, or correct the path in the config',
      );
    }
  });
}

/** How old the newest backup is, by the notes that `backup` makes. */
export function lookAtBackups({ state, now }: Host): Finding[] {
  const notes = existsSync(state.backups)
    ? readdirSync(state.backups).filter((name) => name.endsWith('.json'))
    : [];
  const newest = Math.max(0, ...notes.map((name) => statSync(join(state.backups, name)).mtimeMs));
  if (newest === 0)
    return [warn('backup', 'there is no backup', 'systemctl start hashpool-backup, or npm run backup')];
  const hours = Math.floor((now() - newest) / HOUR_MS);
  if (hours < OLD_BACKUP_HOURS) return [ok('backup', `the newest backup is ${hours} hours old`)];
  return [
    warn(
      'backup',
      `the newest backup is ${hours} hours old`,
      'systemctl status hashpool-backup.timer hashpool-backup says why',
    ),
  ];
}
