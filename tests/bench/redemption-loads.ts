import { randomBytes } from 'node:crypto';
import type { Input } from '../../domain/ledger/tokens.ts';
import { splitAmount } from '../../protocols/cashu/amount.ts';
import { quoteIdText } from '../../protocols/cashu/quote-id.ts';
import { Redemptions } from '../../roles/mint/redemption.ts';
import { closeEpoch } from '../harness/close-epoch.ts';
import { acceptedWork, type TestMint } from '../unit/mint/support.ts';
import type { Load, Request } from './mint-loads.ts';

const EXPONENT = 20;
const BATCH = 32;
const HEIGHT = 1_000;
/** Sats for one token: an odd number of some size, as prices make it. */
const SATS = 43_691n;

/** Tokens of an epoch of their own, whose price is fixed. */
async function pricedTokens(mint: TestMint, count: number): Promise<{ tokens: Input[]; satKeyset: string }> {
  const { engine, curve } = mint;
  const poolId = curve.publicKey(randomBytes(32));
  await engine.epochs.openFirst({ poolId, height: 101, policy: 'target', minimumDifficulty: 0 });
  const epoch = engine.epochs.current(poolId);
  if (!epoch) throw new Error('the epoch did not open');
  const secretKey = randomBytes(32);
  const key = curve.publicKey(secretKey);
  const records = Array.from({ length: count }, () => acceptedWork(epoch.segment ?? 0, key, EXPONENT));
  await engine.storeWork({ poolId, outboxId: randomBytes(16), firstSeq: 1n, records });
  const tokens: Input[] = [];
  for (const { quoteId } of records) {
    const quote = quoteIdText(quoteId);
    const output = mint.blind(EXPONENT, epoch.keysetId);
    const signatures = [mint.sign(quote, [output], secretKey)];
    const [issued] = await engine.mint({ quotes: [quote], outputs: [output], signatures });
    if (issued) tokens.push(mint.unblind(output, issued));
  }
  closeEpoch(mint.path, epoch.epoch, SATS * BigInt(count));
  await engine.store.call('fixPrice', { epochs: [epoch.epoch], height: HEIGHT });
  await engine.keysets.rotateTo({ unit: 'sat', derivationIndex: 0, inputFeePpk: 0, finalExpiry: undefined });
  return { tokens, satKeyset: engine.keysets.active('sat')?.id ?? '' };
}

/** Requests that redeem `each` tokens for the fewest of their worth. */
async function redeeming(mint: TestMint, requests: number, each: number): Promise<Request[]> {
  const { tokens, satKeyset } = await pricedTokens(mint, requests * each);
  const redemptions = new Redemptions(mint.engine, () => HEIGHT);
  return Array.from({ length: requests }, (_, i) => {
    const inputs = tokens.slice(i * each, (i + 1) * each);
    const sats = SATS * BigInt(each);
    const outputs = splitAmount(sats).map((exponent) => mint.blind(exponent, satKeyset));
    return () => redemptions.redeem({ inputs, outputs });
  });
}

export const redeemOne: Load = {
  name: 'redemption of one token for sats, durable',
  each: 1,
  requests: 100,
  atOnce: 64,
  prepare: (mint, requests) => redeeming(mint, requests, 1),
};

export const redeemMany: Load = {
  name: `token of a redemption of ${BATCH}`,
  each: BATCH,
  requests: 8,
  atOnce: 8,
  prepare: (mint, requests) => redeeming(mint, requests, BATCH),
};
