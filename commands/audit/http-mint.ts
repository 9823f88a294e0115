import { setTimeout as delay } from 'node:timers/promises';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { fromHex } from '../../protocols/bytes.ts';
import type { SignedReport } from '../../protocols/ehash/report.ts';
import { SAMPLE_SHARES } from '../../protocols/ehash/share-leaf.ts';
import type { SumProof } from '../../protocols/ehash/sum-tree.ts';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import { MintRefusal, requestMint } from '../../services/wallet/mint-http.ts';
import type { MintSource, PublishedKeyset, Sample, ShownShare } from './sources.ts';

/** How often a mint that says "later" is asked, and how long apart. */
const MOST_TRIES = 5;
const RETRY_MS = 2_000;
/** Pages of reports that are asked for: two million reports. */
const MOST_PAGES = 100_000;
/** "No report has it", and a keyset that is not known (protocols/cashu/errors.ts). */
const UNREPORTED = 40020;
const UNKNOWN_KEYSET = 12001;

const hex = Type.String({ pattern: '^([0-9a-f]{2})*$' });
const hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const natural = Type.String({ pattern: '^\\d{1,39}$' });
const info = Compile(Type.Object({ pubkey: Type.String({ pattern: '^0[23][0-9a-f]{64}$' }) }));
const reportPage = Compile(
  Type.Object({
    reports: Type.Array(Type.Object({ report: Type.String(), signature: hex })),
    next_after: Type.Union([Type.Integer(), Type.Null()]),
  }),
);
const keysPage = Compile(
  Type.Object({
    keysets: Type.Array(
      Type.Object({
        id: Type.String(),
        unit: Type.String(),
        input_fee_ppk: Type.Optional(Type.Integer()),
        final_expiry: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
        keys: Type.Record(natural, hex),
      }),
    ),
  }),
);
const leafText = Type.Object({
  amount: natural,
  index: Type.Integer({ minimum: 0 }),
  siblings: Type.Array(Type.Object({ hash: hex, sum: natural }), { maxItems: 31 }),
});
const countedLeaf = Compile(leafText);
const openedLeaf = { ...leafText.properties, k: Type.Integer({ minimum: 0, maximum: 255 }), salt: hex };
const ownShare = Compile(Type.Object(openedLeaf));
const shownShare = Type.Object({
  ...openedLeaf,
  key: hex,
  header: hex,
  coinbase: hex,
  merkle_path: Type.Array(hex),
});
const samplePage = Compile(
  Type.Object({
    block: Type.Object({ height: Type.Integer(), hash }),
    shares: Type.Array(Type.Union([shownShare, Type.Null()]), { maxItems: SAMPLE_SHARES }),
  }),
);
const reservePage = Compile(
  Type.Object({
    proofs: Type.Array(
      Type.Object({
        coins: Type.Array(
          Type.Object({
            txid: Type.String({ pattern: '^[0-9a-f]{64}$' }),
            vout: Type.Integer({ minimum: 0 }),
            value: natural,
            script: hex,
          }),
        ),
        transaction: hex,
      }),
    ),
  }),
);

/** A mint over its public API. @param url its address. Every method throws the errors of `requestMint`, and 'mint-answer' */
export function httpMint(url: string): MintSource {
  const base = url.replace(/\/+$/, '');

  async function get<T>(path: string, schema: { Check(value: unknown): value is T }): Promise<T> {
    const answer = await patiently(() => requestMint<unknown>({ endpoint: `${base}${path}` }));
    if (schema.Check(answer)) return answer;
    throw new HashpoolError(
      'mint-answer',
      `${base}${path} does not answer as this mint's API does; is it one?`,
    );
  }

  return {
    async identity() {
      return (await get('/v1/info', info)).pubkey;
    },

    async reports() {
      const found: SignedReport[] = [];
      let after = 0;
      for (let page = 0; page < MOST_PAGES; page++) {
        const { reports, next_after } = await get(`/v1/ehash/reports?after=${after}`, reportPage);
        found.push(
          ...reports.map(({ report, signature }) => ({ text: report, signature: fromHex(signature) })),
        );
        if (next_after === null) break;
        after = next_after;
      }
      return found;
    },

    async keyset(id): Promise<PublishedKeyset | undefined> {
      const page = await knownOrNone(get(`/v1/keys/${id}`, keysPage), UNKNOWN_KEYSET);
      const found = page?.keysets.find((keyset) => keyset.id === id);
      return (
        found && {
          unit: found.unit,
          inputFeePpk: found.input_fee_ppk ?? 0,
          finalExpiry: found.final_expiry ?? undefined,
          keys: new Map(Object.entries(found.keys).map(([amount, key]) => [BigInt(amount), fromHex(key)])),
        }
      );
    },

    async token(report, tree, point) {
      const path = `/v1/ehash/reports/${report}/token?tree=${tree}&point=${point}`;
      const found = await knownOrNone(get(path, countedLeaf), UNREPORTED);
      if (!found) return undefined;
      return { amount: BigInt(found.amount), proof: proofOf(found) };
    },

    async share(report, quoteId) {
      const path = `/v1/ehash/reports/${report}/share?quote=${quoteId}`;
      const found = await knownOrNone(get(path, ownShare), UNREPORTED);
      if (!found) return undefined;
      const { amount, k, salt } = found;
      return { amount: BigInt(amount), proof: proofOf(found), k, salt: fromHex(salt) };
    },

    async sample(unit): Promise<Sample | undefined> {
      const found = await knownOrNone(get(`/v1/ehash/epochs/${unit}/sample`, samplePage), UNREPORTED);
      return (
        found && { block: found.block, shares: found.shares.map((share) => share ?? undefined).map(shownOf) }
      );
    },

    async reserve(report) {
      const { proofs } = await get(`/v1/ehash/reports/${report}/reserve`, reservePage);
      return proofs.map(({ coins, transaction }) => ({
        coins: coins.map((coin) => ({ ...coin, value: BigInt(coin.value), script: fromHex(coin.script) })),
        transaction: fromHex(transaction),
      }));
    },
  };
}

type ShownText = Static<typeof shownShare>;

function shownOf(share: ShownText | undefined): ShownShare | undefined {
  return (
    share && {
      header: fromHex(share.header),
      k: share.k,
      key: fromHex(share.key),
      salt: fromHex(share.salt),
      proof: proofOf(share),
      coinbase: fromHex(share.coinbase),
      merklePath: share.merkle_path.map((step) => fromHex(step)),
    }
  );
}

function proofOf({ index, siblings }: Static<typeof leafText>): SumProof {
  return { index, siblings: siblings.map(({ hash, sum }) => ({ hash: fromHex(hash), sum: BigInt(sum) })) };
}

/** A mint that is asked much says "later", which ends with patience; one that is away stays away. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === MOST_TRIES || !isHashpoolError(error, 'mint-unreachable')) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** An answer, or undefined where the mint refuses with this code. */
async function knownOrNone<T>(answer: Promise<T>, code: number): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof MintRefusal && error.nutCode === code) return undefined;
    throw error;
  }
}
