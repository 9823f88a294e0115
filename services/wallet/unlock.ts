import { createHash, randomBytes } from 'node:crypto';
import type { Proof as CashuProof, SerializedBlindedMessage } from '@cashu/cashu-ts';
import { fromHex, toHex, utf8 } from '../../protocols/bytes.ts';
import { lockOf, type Path, type SpendingLock, sigAllMessage } from '../../protocols/cashu/nut11.ts';
import { opensHash } from '../../protocols/cashu/nut14.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import type { ForeignProof } from './journal.ts';
import type { LockKeys } from './lock-keys.ts';
import { toInput } from './proofs.ts';
import type { WalletSeed } from './seed.ts';

type Unlock = NonNullable<ForeignProof['unlock']>;

/**
 * What opens a proof's lock from this wallet: its keys among those that the lock names, and the preimage.
 * @param now milliseconds since 1970
 * @returns undefined for a proof that asks for nothing
 * @throws HashpoolError 'token-locked' where this wallet can't open it, 'bad-token' where nobody can
 */
export function unlockOf(
  secret: string,
  { preimage, lockKeys, now }: { preimage: string | undefined; lockKeys: LockKeys; now: number },
): Unlock | undefined {
  const lock = readLock(secret);
  if (!lock) return undefined;
  const isExpired = lock.locktime !== undefined && now > lock.locktime * 1000;
  if (isExpired && !lock.refund) return undefined;
  const opensMain = lock.hash === undefined || opensHash(preimage, lock.hash);
  for (const path of [opensMain ? lock.main : undefined, isExpired ? lock.refund : undefined]) {
    const keyIndexes = path && keysFor(path, lockKeys);
    if (keyIndexes) return { preimage: path === lock.main ? preimage : undefined, keyIndexes };
  }
  throw new HashpoolError('token-locked', `the token is locked, ${whatOpens(lock, opensMain)}`);
}

/**
 * Inputs with the witnesses that open them (NUT-11, NUT-14): a signature by each key over each secret, or under SIG_ALL
 * one over the whole request, which the first input carries.
 */
export function unlocked(
  { seed, curve }: { seed: WalletSeed; curve: Curve },
  inputs: readonly ForeignProof[],
  outputs: readonly SerializedBlindedMessage[],
): CashuProof[] {
  const coversAll = inputs.some(({ secret, unlock }) => unlock && lockOf(secret)?.coversAll);
  const whole = () =>
    sigAllMessage(
      inputs.map(({ secret, c }) => ({ secret, signature: fromHex(c) })),
      outputs.map(({ amount, B_ }) => ({ amount: amount.toBigInt(), blinded: fromHex(B_) })),
    );
  return inputs.map((input, i) => {
    const { unlock, secret } = input;
    if (!unlock || (coversAll && i > 0)) return toInput(input);
    const message = createHash('sha256')
      .update(utf8(coversAll ? whole() : secret))
      .digest();
    const signatures = unlock.keyIndexes.map((index) =>
      toHex(curve.schnorrSign(message, seed.lockKey(index).secretKey, randomBytes(32))),
    );
    return { ...toInput(input), witness: JSON.stringify({ preimage: unlock.preimage, signatures }) };
  });
}

function readLock(secret: string): SpendingLock | undefined {
  try {
    return lockOf(secret);
  } catch (cause) {
    if (!isHashpoolError(cause)) throw cause;
    throw new HashpoolError('bad-token', `the token has a lock that nobody can open: ${cause.message}`, {
      cause,
    });
  }
}

/** As many keys of ours as the path needs, or undefined where we have fewer. */
function keysFor({ keys, needed }: Path, lockKeys: LockKeys): number[] | undefined {
  const ours = keys.flatMap((key) => lockKeys.find(toHex(key))?.index ?? []);
  return ours.length >= needed ? ours.slice(0, needed) : undefined;
}

function whatOpens({ main, refund, locktime, hash }: SpendingLock, hasPreimage: boolean): string {
  const until = locktime === undefined ? '' : `, until ${new Date(locktime * 1000).toISOString()}`;
  if (!hasPreimage) return `to the preimage of ${hash}${until}: name it by --preimage`;
  const named = main.keys.map((key) => toHex(key)).join(', ');
  const back = refund ? `, then to ${refund.keys.map((key) => toHex(key)).join(', ')}` : '';
  return `to ${main.needed} of the keys ${named}${until}${back}: this wallet has too few of them`;
}
