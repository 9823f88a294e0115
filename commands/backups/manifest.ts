import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { HashpoolError } from '../../protocols/errors.ts';

const closed = { additionalProperties: false };
const digits = Type.String({ pattern: '^[0-9]+$' });
const hex = Type.String({ pattern: '^([0-9a-f]{2})+$' });

/** The databases that a backup may hold. */
export const DATABASES = ['mint', 'payouts', 'outbox', 'wallet', 'pool-stats', 'proxy-stats'] as const;

const file = Type.Object(
  {
    name: Type.Enum([...DATABASES]),
    file: Type.String({ pattern: '^[a-z-]+\\.(sqlite|dump)$' }),
    bytes: Type.Integer({ minimum: 0 }),
    sha256: hex,
  },
  closed,
);

const manifest = Type.Object(
  {
    format: Type.Literal(1),
    made: Type.String(),
    program: Type.String(),
    files: Type.Array(file, { minItems: 1, maxItems: 8 }),
    mint: Type.Optional(
      Type.Object(
        {
          units: Type.Record(
            Type.String(),
            Type.Object({ signed: digits, spent: digits, outstanding: digits }, closed),
          ),
          outboxes: Type.Array(Type.Object({ pool: hex, outbox: hex, storedSeq: digits }, closed)),
          journal: Type.Object({ seq: digits, chain: hex, isOn: Type.Boolean() }, closed),
        },
        closed,
      ),
    ),
  },
  closed,
);

/** What a backup says of itself. */
export type Manifest = Static<typeof manifest>;
export type BackupFile = Static<typeof file>;

/** The manifest's name in a backup. */
export const MANIFEST = 'manifest.json';

/** @throws HashpoolError 'not-a-backup' */
export function parseManifest(text: string, where: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HashpoolError('not-a-backup', `${where} has no manifest that can be read`, { cause });
  }
  if (Value.Check(manifest, value)) return value;
  throw new HashpoolError('not-a-backup', `${where} has a manifest of another form than this program writes`);
}

/** Size and sum of a file of a backup. */
export async function measure(
  folder: string,
  fileName: string,
): Promise<Pick<BackupFile, 'bytes' | 'sha256'>> {
  const path = join(folder, fileName);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes: statSync(path).size, sha256: hash.digest('hex') };
}

/** @throws HashpoolError 'backup-damaged' where a file is not as its manifest says */
export async function checkFiles(folder: string, { files }: Manifest): Promise<void> {
  for (const { file: fileName, bytes, sha256 } of files) {
    const found = await measure(folder, fileName);
    if (found.bytes === bytes && found.sha256 === sha256) continue;
    throw new HashpoolError('backup-damaged', `${fileName} of the backup is not what its manifest says`);
  }
}
