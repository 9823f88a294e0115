import { type Finding, unproven } from '../../domain/reports/finding.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { checkBoundaries } from './check-boundaries.ts';
import { checkKeysets } from './check-keysets.ts';
import { checkReserve } from './check-reserve.ts';
import { checkSamples } from './check-sample.ts';
import { checkShares, readShares } from './check-shares.ts';
import { checkTokens, readTokens } from './check-tokens.ts';
import { checkUnreported } from './check-unreported.ts';
import { readReports } from './read-reports.ts';
import type { MintSource, NodeSource } from './sources.ts';

/** What an audit goes by. */
export interface AuditParts {
  readonly mint: MintSource;
  readonly node: NodeSource | undefined;
  readonly curve: Curve;
  /** The mint's key, 66 hex digits; what the mint says itself unless given. */
  readonly identity?: string | undefined;
  /** The hash of a report that was seen before. */
  readonly known?: string | undefined;
  /** Tokens of a holder, one in each line. */
  readonly tokens?: string | undefined;
  /** Quotes of a holder's shares, one in each line. */
  readonly shares?: string | undefined;
  /** Is told how far what takes long has come. */
  readonly say?: (words: string) => void;
}

/** What is wrong with files of the auditor's own. */
const BAD_FILES: ReadonlySet<string> = new Set(['bad-token', 'bad-share']);

/** What nobody can prove, whatever a mint publishes. */
export const NEVER_PROVEN = [
  'that whoever spent a token was its owner: a mint could spend tokens that it has made itself',
  'that no token was signed which no report counts: only its holder can show that, with --proofs',
  'that the sats of a reserve are not lent for the proof, or shown for another debt too',
  'that a report was there before the block that draws its sample: only who has seen it then can tell',
  'that a miner was told of every share that he found: he counts his own',
];

/**
 * Checks a mint by what it publishes and by a node, and nothing else. Where one of them is away, or is none, what was found
 * before counts: nobody gets rid of it by falling silent.
 * @throws HashpoolError 'bad-token', 'bad-share'
 */
export async function auditMint(parts: AuditParts): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for await (const found of findingsOf(parts)) findings.push(...found);
  } catch (error) {
    if (!isHashpoolError(error) || BAD_FILES.has(error.code)) throw error;
    findings.push(unproven('not-audited', error.message));
  }
  return findings;
}

async function* findingsOf(parts: AuditParts): AsyncGenerator<readonly Finding[]> {
  const { mint, node, curve, known, tokens, say } = parts;
  const shares = parts.shares === undefined ? undefined : readShares(parts.shares);
  const identity = parts.identity ?? (await mint.identity());
  const { reports, books, lastHash, findings } = readReports(
    await mint.reports(),
    { identity, hash: known },
    curve,
  );
  yield findings;
  const last = reports.at(-1);
  if (!last || lastHash === undefined) return;
  const { findings: ofKeysets, keysets } = await checkKeysets(reports, mint);
  yield ofKeysets;
  const proofs = tokens === undefined ? undefined : readTokens(tokens, [...keysets.keys()]);
  if (node) {
    yield checkBoundaries(reports, node);
    yield checkUnreported(reports, node, say);
    yield checkSamples(reports, mint, node);
    yield checkReserve(lastHash, books.owedSats, await mint.reserve(last.number), node);
  } else {
    const words = 'without a node of your own (--node) neither blocks nor the reserve can be looked at';
    yield [unproven('no-node', words)];
  }
  if (proofs !== undefined) yield checkTokens(proofs, { mint, keysets, books, report: last.number, curve });
  if (shares !== undefined) yield checkShares(shares, reports, mint, say);
}
