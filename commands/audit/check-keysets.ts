import { type Finding, fails, holds } from '../../domain/reports/finding.ts';
import { keysetId } from '../../protocols/cashu/nut02.ts';
import type { Report } from '../../protocols/ehash/report.ts';
import type { MintSource, PublishedKeyset } from './sources.ts';

/** Whether each keyset of the reports is the one that its id was made of. @returns the keysets by id, too */
export async function checkKeysets(
  reports: readonly Report[],
  mint: Pick<MintSource, 'keyset'>,
): Promise<{ readonly findings: Finding[]; readonly keysets: ReadonlyMap<string, PublishedKeyset> }> {
  const named = reports.flatMap(({ epochs, keysets }) => [...epochs, ...keysets]);
  const units = new Map(named.map(({ keyset, unit }) => [keyset, unit]));
  const keysets = new Map<string, PublishedKeyset>();
  const findings: Finding[] = [];
  for (const [id, unit] of units) {
    const found = await mint.keyset(id);
    if (found) keysets.set(id, found);
    const trouble = troubleOf(id, unit, found);
    if (trouble) findings.push(fails('wrong-keyset', `keyset ${id} of ${unit}: ${trouble}`));
  }
  if (findings.length > 0 || units.size === 0) return { findings, keysets };
  return {
    findings: [holds('keysets-derived', `the ids of ${units.size} keysets are made of their keys`)],
    keysets,
  };
}

function troubleOf(id: string, unit: string, keyset: PublishedKeyset | undefined): string | undefined {
  if (!keyset) return 'the mint does not publish its keys';
  if (keyset.unit !== unit) return `the mint publishes it for ${keyset.unit}`;
  const { keys, inputFeePpk, finalExpiry } = keyset;
  const derived = keysetId({
    keys: [...keys],
    unit,
    inputFeePpk,
    ...(finalExpiry === undefined ? {} : { finalExpiry }),
  });
  return derived === id ? undefined : `its keys make ${derived}`;
}
