import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { signInCodePattern, signInMessage } from '../../protocols/ehash/sign-in.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { LockKeys } from './lock-keys.ts';

/** What the lock key is for that a wallet shows as its own, and that it signs in by. */
export const OWN_KEY = 'username';

const signaturePattern = /^[0-9a-f]{128}$/;

export interface SignIn {
  /**
   * Signs a dashboard's code by the wallet's own lock key: BIP340, 128 hex digits.
   * @throws HashpoolError 'bad-code'
   */
  sign(code: string): string;
  /** Whether the holder of this seed has signed the code. */
  isSigned(input: { code: string; signature: string }): boolean;
}

export function openSignIn(
  lockKeys: LockKeys,
  { curve, clock }: { curve: Curve; clock: () => number },
): SignIn {
  const ownKey = () => lockKeys.forPurpose(OWN_KEY, clock());
  return {
    sign: (code) => {
      if (!signInCodePattern.test(code)) {
        throw new HashpoolError('bad-code', 'CODE must be the 56 hex digits that the dashboard shows');
      }
      return toHex(curve.schnorrSign(signInMessage(code), ownKey().secretKey, randomBytes(32)));
    },
    isSigned: ({ code, signature }) =>
      signaturePattern.test(signature) &&
      curve.schnorrVerify(fromHex(signature), signInMessage(code), curve.xOnly(fromHex(ownKey().publicKey))),
  };
}
