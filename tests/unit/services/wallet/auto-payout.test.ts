import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { autoPayoutOf } from '../../../../services/wallet/auto-payout.ts';
import { openLockKeys } from '../../../../services/wallet/lock-keys.ts';
import { MintRefusal } from '../../../../services/wallet/mint-http.ts';
import { openQuotes } from '../../../../services/wallet/quotes.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';
import { openSeed } from '../../../../services/wallet/seed.ts';
import { OWN_KEY } from '../../../../services/wallet/sign-in.ts';
import { MNEMONIC } from './scene.ts';

const { curve } = await loadCrypto();

test('whether the wallet mints what its key mines is as the mint says, whatever was noted before', async () => {
  const db = openDatabase(':memory:', walletSchema);
  const lockKeys = openLockKeys(db, openSeed(MNEMONIC, curve));
  const key = lockKeys.forPurpose(OWN_KEY, 0);
  const isDue = () => lockKeys.due(3, 10).length === 1;
  let address: string | undefined | null = 'bcrt1qaddress';
  const standing = async () => {
    if (address === null) throw new MintRefusal(40_021, 'Key is not registered for auto-payout');
    const sums = { threshold: 0n, balance: 0n, credited: 0n };
    return { key: key.publicKey, counter: 1, address, payments: [], ...sums };
  };
  const register = async () => {
    throw new HashpoolError('unexpected', 'nothing is registered by asking');
  };
  const parts = { mint: { autoPayouts: { standing, register } }, quotes: openQuotes(db), clock: () => 2 };
  const ask = () => autoPayoutOf(parts, lockKeys, {});

  await ask();
  assert.equal(isDue(), false);
  address = undefined;
  await ask();
  assert.equal(isDue(), true);
  lockKeys.setAutoPaid(key, true, 2);
  address = null;
  assert.equal(await ask(), undefined);
  assert.equal(isDue(), true);
});
