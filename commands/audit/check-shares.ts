import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import { fromHex, reversed } from '../../protocols/bytes.ts';
import { parseJson } from '../../protocols/cashu/json.ts';
import { type Report, type ReportedEpoch, rootOf } from '../../protocols/ehash/report.ts';
import { shareLeaf } from '../../protocols/ehash/share-leaf.ts';
import { verifySumProof } from '../../protocols/ehash/sum-tree.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import type { MintSource } from './sources.ts';

/** Shares of which it is said one by one what is wrong; of more it is said how many. */
const MOST_NAMED = 20;
const SAY_EVERY = 1_000;

const integer = Type.Union([Type.Integer({ minimum: 1 }), Type.BigInt()]);
/** A quote as the mint gives it to its owner (docs/ehash.md, Mint quote); what it has besides does not matter. */
const ownShare = Type.Object({
  quote: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
  request: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  unit: Type.String({ minLength: 1 }),
  amount: integer,
  state: Type.String({ minLength: 1 }),
  pubkey: Type.String({ pattern: '^0[23][0-9a-f]{64}$' }),
});
const compiled = Compile(ownShare);

type OwnShare = Static<typeof ownShare>;

/** What came of one share. */
type Outcome = 'counted' | 'too-new' | 'void' | Finding;

/**
 * Shares in a text, a quote's JSON in each line, each share once.
 * @throws HashpoolError 'bad-share' naming the line
 */
export function readShares(content: string): OwnShare[] {
  const shares = content.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    return [readShare(line, `line ${i + 1} is no quote of a share`)];
  });
  return [...new Map(shares.map((share) => [share.request, share])).values()];
}

/**
 * Whether the reports count a holder's shares: each in the tree of its epoch, for what his quote says, with his key.
 * @param say is told now and then how far it has come
 */
export async function checkShares(
  shares: readonly OwnShare[],
  reports: readonly Report[],
  mint: Pick<MintSource, 'share'>,
  say: (words: string) => void = () => undefined,
): Promise<Finding[]> {
  const places = new Map(
    reports.flatMap(({ number, epochs }) => epochs.map((epoch) => [epoch.unit, { number, epoch }] as const)),
  );
  const wrong: Finding[] = [];
  const counts = { counted: 0, 'too-new': 0, void: 0 };
  let sum = 0n;
  for (const [i, share] of shares.entries()) {
    if (i % SAY_EVERY === SAY_EVERY - 1) say(`asking for shares: ${i + 1} of ${shares.length}`);
    const place = places.get(share.unit);
    const outcome = await checkShare(share, place, mint);
    if (typeof outcome === 'object') wrong.push(outcome);
    else counts[outcome]++;
    if (outcome === 'counted') sum += BigInt(share.amount);
  }
  const found = wrong.slice(0, MOST_NAMED);
  const more = wrong.length - found.length;
  if (more > 0) found.push(fails('share-not-counted', `as with these, with ${more} more of your shares`));
  const others = counts.void === 0 ? '' : `, ${counts.void} are none by the chain's rules`;
  if (counts['too-new'] > 0) {
    const words = `${counts['too-new']} of your ${shares.length} shares are of epochs that have no price yet: ask again then`;
    found.push(unproven('share-too-new', words));
  }
  if (counts.counted === 0 || wrong.length > 0) return found;
  const words = `${counts.counted} of your shares are counted, each with your key, ${sum} ehash in all${others}`;
  return [...found, holds('shares-counted', words)];
}

async function checkShare(
  share: OwnShare,
  place: { readonly number: number; readonly epoch: ReportedEpoch } | undefined,
  mint: Pick<MintSource, 'share'>,
): Promise<Outcome> {
  const { quote, request, unit, amount, state, pubkey } = share;
  if (state === 'VOID') return 'void';
  // Before its epoch is final, the unit of a quote may change.
  if (!place || state === 'UNPAID') return 'too-new';
  const name = `share ${request} of ${amount} ehash`;
  const root = rootOf(place.epoch.shares);
  const found = root && (await mint.share(place.number, quote));
  if (!root || !found) {
    return fails(
      'share-not-counted',
      `${name} is yours, and report ${place.number}, which has the price of ${unit}, does not count it`,
    );
  }
  const own = { hashLe: reversed(fromHex(request)), k: found.k, key: fromHex(pubkey) };
  try {
    verifySumProof(root, shareLeaf(own, found.salt, BigInt(amount)), found.proof);
    return 'counted';
  } catch (error) {
    if (!isHashpoolError(error)) throw error;
    const trouble = found.amount === BigInt(amount) ? messageOf(error) : `it is counted as ${found.amount}`;
    return fails(
      'share-miscounted',
      `${name}: what the mint shows is not this share with your key (${trouble})`,
    );
  }
}

function readShare(line: string, trouble: string): OwnShare {
  let share: unknown;
  try {
    share = parseJson(line);
  } catch (cause) {
    throw new HashpoolError('bad-share', `${trouble}: it is no JSON`, { cause });
  }
  if (compiled.Check(share)) return share;
  const [first] = compiled.Errors(share);
  throw new HashpoolError(
    'bad-share',
    `${trouble}: ${first?.instancePath.slice(1) ?? ''} ${first?.message ?? ''}`,
  );
}
