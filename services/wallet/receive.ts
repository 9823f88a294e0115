import {
  type Proof as CashuProof,
  getDecodedToken,
  getTokenMetadata,
  normalizeMintUrl,
} from '@cashu/cashu-ts';
import { redeemedSats } from '../../domain/epochs/price.ts';
import { REDEMPTION_UNIT } from '../../domain/epochs/redemption.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { isSignedBy } from './blinding.ts';
import type { Draft, ForeignProof } from './journal.ts';
import type { Keyset } from './keysets.ts';
import type { LockKeys } from './lock-keys.ts';
import { MintLater } from './mint-http.ts';
import { amountsOf } from './outputs.ts';
import { sumOf } from './proofs.ts';
import { type Parts, settle } from './settle.ts';
import { feeOf } from './swap.ts';
import { unlockOf } from './unlock.ts';

/** Longest token that is read; a mint takes no swap of so many inputs. */
const MAX_TOKEN_CHARACTERS = 1 << 20;

/**
 * Takes a token in: swaps its proofs for new ones that only this wallet knows (NUT-03), or where its epoch has its price,
 * redeems them. What is locked to keys of this wallet is unlocked by them, a hash lock by `preimage` (64 hex digits).
 * @returns units received: of the token, or sats
 * @throws HashpoolError 'bad-token', 'wrong-mint', 'token-locked', 'dleq-mismatch', 'token-refused', 'no-active-keyset',
 * and those of `settle`
 */
export async function receive(
  parts: Parts,
  lockKeys: LockKeys,
  { token, preimage }: { token: string; preimage?: string | undefined },
): Promise<bigint> {
  const proofs = readToken(parts, token.trim());
  const keysets = [...new Set(proofs.map(({ id }) => id))].map((id) => parts.keysets.get(id));
  const unit = keysets[0]?.unit;
  if (unit === undefined || keysets.some((keyset) => keyset.unit !== unit)) {
    throw new HashpoolError('bad-token', 'the token mixes units: ask its sender for one token for each');
  }
  for (const proof of proofs) checkProof(parts.curve, proof, parts.keysets.get(proof.id));
  const now = parts.clock();
  const inputs = proofs.map((proof) => toForeign(proof, unlockOf(proof.secret, { preimage, lockKeys, now })));
  const { keyset, claim } = await receivable(parts, unit, inputs);
  const operation = parts.journal.begin({ kind: 'receive', keyset, foreignInputs: inputs, claim });
  if (!operation) {
    throw new HashpoolError(
      'bad-token',
      `the token is worth less than 1 ${keyset.unit}: there is nothing to take in`,
    );
  }
  const settled = await settle(parts, operation);
  if (settled.done) return settled.amount;
  if (settled.refusal instanceof MintLater) throw settled.refusal;
  throw new HashpoolError('token-refused', `the token can't be taken in, ${settled.refusal.message}`, {
    cause: settled.refusal,
  });
}

/** What a token of `unit` becomes: as much of the same, or the sats that its epoch's price makes of it. */
async function receivable(
  parts: Parts,
  unit: string,
  inputs: readonly ForeignProof[],
): Promise<Pick<Draft, 'keyset' | 'claim'>> {
  const claimOf = (amount: bigint, fee: bigint) => () =>
    amount > 0n ? { amounts: amountsOf(amount), fee } : undefined;
  if (parts.keysets.activeUnits().includes(unit)) {
    const fee = feeOf(parts, inputs);
    return { keyset: parts.keysets.activeFor(unit), claim: claimOf(sumOf(inputs) - fee, fee) };
  }
  const epoch = await parts.mint.epochs.epoch(unit);
  if (epoch?.state !== 'redeemable' || !epoch.price) {
    const why = epoch ? `its epoch is ${epoch.state}` : 'it is of a keyset that was retired';
    throw new HashpoolError('no-active-keyset', `the mint signs no new tokens of unit ${unit}: ${why}`);
  }
  const sum = sumOf(inputs);
  const sats = sum <= epoch.price.work ? redeemedSats(epoch.price, sum) : 0n;
  return { keyset: parts.keysets.activeFor(REDEMPTION_UNIT), claim: claimOf(sats, 0n) };
}

function readToken(parts: Parts, text: string): CashuProof[] {
  if (text.length > MAX_TOKEN_CHARACTERS)
    throw new HashpoolError('bad-token', `the token passes ${MAX_TOKEN_CHARACTERS} characters`);
  const { mint } = decoded(() => getTokenMetadata(text));
  if (decoded(() => normalizeMintUrl(mint)) !== parts.mint.url) {
    throw new HashpoolError(
      'wrong-mint',
      `the token is from the mint ${mint}; this wallet takes those of ${parts.mint.url} only`,
    );
  }
  const { proofs } = decoded(() =>
    getDecodedToken(
      text,
      parts.keysets.all().map(({ id }) => id),
    ),
  );
  if (proofs.length === 0) throw new HashpoolError('bad-token', 'the token is empty');
  return proofs;
}

/** Decoding never repeats the token in its error: whoever reads a token owns it. */
function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new HashpoolError(
      'bad-token',
      'this is no Cashu token of this mint (cashuA… or cashuB…): copy it again, whole',
      { cause },
    );
  }
}

/** NUT-12: a proof of the mint's key that comes with a token must hold; one that does not come is the mint's to judge. */
function checkProof(curve: Curve, { id, amount, secret, C, dleq }: CashuProof, keyset: Keyset): void {
  const key = keyset.keys[amount.toString()];
  const proof = { secret, keysetId: id, amount: amount.toBigInt(), c: C };
  if (key && (!dleq || isSignedBy(curve, { ...proof, dleq: { ...dleq, r: dleq.r ?? '' } }, key))) return;
  throw new HashpoolError(
    'dleq-mismatch',
    'the token was not signed by the keys that this mint has published: do not accept it',
  );
}

function toForeign({ id, amount, secret, C }: CashuProof, unlock: ForeignProof['unlock']): ForeignProof {
  return { secret, keysetId: id, amount: amount.toBigInt(), c: C, ...(unlock ? { unlock } : {}) };
}
