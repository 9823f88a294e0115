import { getDecodedToken, type Proof } from '@cashu/cashu-ts';
import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import type { ReportedBooks } from '../../domain/reports/reported-books.ts';
import { fromHex, toHex, utf8 } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { rootOf } from '../../protocols/ehash/report.ts';
import { verifySumProof } from '../../protocols/ehash/sum-tree.ts';
import { type TokenTree, tokenLeaf } from '../../protocols/ehash/token-leaf.ts';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import { isSignedBy } from '../../services/wallet/blinding.ts';
import type { MintSource, PublishedKeyset } from './sources.ts';

/** What the tokens of a holder are held against. */
export interface TokenChecks {
  readonly mint: Pick<MintSource, 'token'>;
  readonly keysets: ReadonlyMap<string, PublishedKeyset>;
  readonly books: ReportedBooks;
  /** The number of the last report. */
  readonly report: number;
  readonly curve: Curve;
}

/** Tokens in a text, one in each line. @throws HashpoolError 'bad-token' naming the line, never its content */
export function readTokens(content: string, keysetIds: readonly string[]): Proof[] {
  const lines = content.split('\n').map((line) => line.trim());
  return lines.flatMap((line, i) => {
    if (line === '') return [];
    try {
      return getDecodedToken(line, [...keysetIds]).proofs;
    } catch {
      throw new HashpoolError('bad-token', `line ${i + 1} is no token of a keyset that this mint publishes`);
    }
  });
}

/** Whether the last report counts a holder's tokens: as signed, and not as spent. */
export async function checkTokens(proofs: readonly Proof[], checks: TokenChecks): Promise<Finding[]> {
  const findings: Finding[] = [];
  let sum = 0n;
  for (const [i, proof] of proofs.entries()) {
    const trouble = await checkToken(proof, checks, `token ${i + 1} of ${proofs.length}`);
    if (trouble) findings.push(trouble);
    else sum += proof.amount.toBigInt();
  }
  if (findings.length > 0 || proofs.length === 0) return findings;
  return [
    holds(
      'tokens-counted',
      `all ${proofs.length} tokens are counted as signed and not as spent, ${sum} in all`,
    ),
  ];
}

async function checkToken(proof: Proof, checks: TokenChecks, name: string): Promise<Finding | undefined> {
  const { mint, keysets, books, report, curve } = checks;
  const { id, secret, C, dleq, amount } = proof;
  const key = keysets.get(id)?.keys.get(amount.toBigInt());
  const trees = books.keyset(id);
  if (!key || !trees) return unproven('token-too-new', `${name} is of a keyset that no report has yet`);
  if (dleq?.r === undefined) {
    return unproven(
      'token-without-factor',
      `${name} comes without its blinding factor: what was signed can't be told`,
    );
  }
  const { e, s, r } = dleq;
  if (
    !isSignedBy(
      curve,
      { secret, keysetId: id, amount: amount.toBigInt(), c: C, dleq: { e, s, r } },
      toHex(key),
    )
  ) {
    return fails('token-forged', `${name} was not signed by the mint`);
  }
  const y = curve.hashToCurve(utf8(secret));
  const blinded = curve.addPoints(y, curve.publicKey(fromHex(r)));
  const isCounted = async (tree: TokenTree, point: Uint8Array): Promise<boolean> => {
    const found = await mint.token(report, tree, toHex(point));
    const root = rootOf(trees[tree]);
    if (!found) return false;
    if (!root) throw new HashpoolError('wrong-root', `the report says that nothing is ${tree}`);
    verifySumProof(root, tokenLeaf(tree, fromHex(id), point, amount.toBigInt()), found.proof);
    return true;
  };
  try {
    if (await isCounted('spent', y)) return fails('token-spent', `${name} is counted as spent`);
    if (await isCounted('issued', blinded)) return undefined;
  } catch (error) {
    if (!isHashpoolError(error, 'wrong-root', 'wrong-total', 'wrong-path-length', 'index-out-of-range'))
      throw error;
    return fails('wrong-path', `${name}: what the mint shows is not in its report (${error.message})`);
  }
  // Of an epoch with a price nothing is signed any more: whatever is out was signed before its report.
  const isClosed = books.epochs.some((epoch) => epoch.keyset === id);
  return isClosed
    ? fails('token-not-counted', `${name} was signed by the mint, and its report does not count it`)
    : unproven('token-too-new', `${name} may be newer than the last report`);
}
