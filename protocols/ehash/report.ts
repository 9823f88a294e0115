import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { fromHex, toHex } from '../bytes.ts';
import { parseJson } from '../cashu/json.ts';
import { HashpoolError } from '../errors.ts';
import type { SumRoot } from './sum-tree.ts';

/** The first field of every report; readers refuse any other. */
export const REPORT_FORMAT = 'hashpool-report/1';

const hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const point = Type.String({ pattern: '^0[23][0-9a-f]{64}$' });
const keysetId = Type.String({ pattern: '^01[0-9a-f]{64}$' });
const height = Type.Integer({ minimum: 0 });
/** Integers of any size are text, so that no reader rounds them. */
const natural = Type.String({ pattern: '^(0|[1-9]\\d{0,38})$' });
const integer = Type.String({ pattern: '^(0|-?[1-9]\\d{0,38})$' });
const unit = Type.String({ minLength: 1, maxLength: 200 });
const block = Type.Object({ height, hash }, { additionalProperties: false });

/** The root of a Merkle sum tree (sum-tree.ts); a tree without leaves has no hash. */
const root = Type.Object(
  { hash: Type.Union([hash, Type.Null()]), sum: natural, leaves: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
);

/** An epoch whose price is fixed: nothing here ever changes. */
const epoch = Type.Object(
  {
    unit,
    keyset: keysetId,
    pool_id: point,
    /** What its boundaries' coinbases pay, in hex; null where the pool mines for another one. */
    reward_script: Type.Union([Type.String({ pattern: '^([0-9a-f]{2})+$' }), Type.Null()]),
    opened: Type.Object({ height, hash: Type.Union([hash, Type.Null()]) }, { additionalProperties: false }),
    closed: block,
    /** The unit whose reward it shares, where it was merged. */
    merged_into: Type.Union([unit, Type.Null()]),
    priced_height: height,
    policy: Type.Union([Type.Literal('target'), Type.Literal('hash')]),
    minimum_difficulty: Type.Integer({ minimum: 0, maximum: 62 }),
    fee_ppm: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    window_blocks: Type.Integer({ minimum: 1 }),
    /** Where its reward came from, in sats, by account of the books. */
    sources: Type.Record(Type.String({ pattern: '^[a-z]{1,20}$' }), natural),
    /** Blocks that are no boundaries and gave to it. */
    gifts: Type.Array(Type.Object({ hash, sats: natural }, { additionalProperties: false })),
    reward: natural,
    fee: natural,
    /** By which the price was fixed, in ehash; that of the tree of shares. */
    work: natural,
    shares: root,
  },
  { additionalProperties: false },
);

/** All that was signed by a keyset, and all of it that came back. */
const keyset = Type.Object(
  { keyset: keysetId, unit, issued: root, spent: root },
  { additionalProperties: false },
);

/** What was redeemed of a priced epoch. */
const redemption = Type.Object(
  { unit, ehash: natural, sats: natural, is_over: Type.Boolean() },
  { additionalProperties: false },
);

/**
 * A mint's report. Keysets and redemptions are those which are not as they were in the report before; the books are whole.
 */
export const report = Type.Object(
  {
    format: Type.Literal(REPORT_FORMAT),
    mint: point,
    number: Type.Integer({ minimum: 1 }),
    previous: Type.Union([hash, Type.Null()]),
    /** The tip of the chain when it was made. */
    chain: block,
    epochs: Type.Array(epoch),
    keysets: Type.Array(keyset),
    redemptions: Type.Array(redemption),
    /** The books of sats: what each account has taken less what it gave. */
    sats: Type.Record(Type.String({ pattern: '^[a-z]{1,20}$' }), integer),
  },
  { additionalProperties: false },
);

export type Report = Static<typeof report>;
export type ReportedEpoch = Static<typeof epoch>;
export type ReportedKeyset = Static<typeof keyset>;
export type ReportedRoot = Static<typeof root>;

/** A report as it is published: its text, byte for byte what was signed. */
export interface SignedReport {
  readonly text: string;
  /** BIP340, 64 bytes, by the key in `mint`. */
  readonly signature: Uint8Array;
}

const compiled = Compile(report);

/** The text of a report. */
export function writeReport(content: Report): string {
  return JSON.stringify(content);
}

/** @throws HashpoolError 'bad-report' where the text is none, or of a format that only a newer program knows */
export function readReport(text: string): Report {
  const content = parsed(text);
  if (compiled.Check(content)) return content;
  const [first] = compiled.Errors(content);
  throw new HashpoolError(
    'bad-report',
    `it is no ${REPORT_FORMAT}: ${first?.instancePath ?? ''} ${first?.message ?? ''}`,
  );
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new HashpoolError('bad-report', 'it is no JSON', { cause });
  }
}

/** A root as reports have it. @param root undefined for a tree without leaves */
export function rootText(root: SumRoot | undefined): ReportedRoot {
  if (!root) return { hash: null, sum: '0', leaves: 0 };
  return { hash: toHex(root.hash), sum: String(root.sum), leaves: root.count };
}

/** What `rootText` gave; undefined for a tree without leaves. @throws HashpoolError 'bad-report' where it has leaves and no hash, or the other way round */
export function rootOf({ hash: text, sum, leaves }: ReportedRoot): SumRoot | undefined {
  if (text !== null && leaves > 0) return { hash: fromHex(text), sum: BigInt(sum), count: leaves };
  if (text === null && leaves === 0 && sum === '0') return undefined;
  throw new HashpoolError(
    'bad-report',
    `a tree of ${leaves} leaves and sum ${sum} has ${text === null ? 'no' : 'a'} hash`,
  );
}
