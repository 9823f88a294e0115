import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { toHex } from '../../../../protocols/bytes.ts';
import { signInMessage } from '../../../../protocols/ehash/sign-in.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { openWalletDatabase } from '../../../../services/wallet/database.ts';
import { openLockKeys } from '../../../../services/wallet/lock-keys.ts';
import { OWN_KEY, openSignIn } from '../../../../services/wallet/sign-in.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const OTHER = 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above';
const CODE = '0123456789abcdef'.repeat(4).slice(8);

async function signInOf(t: TestContext, mnemonic: string) {
  const { curve } = await loadCrypto();
  const path = join(temporaryFolder(), 'wallet.sqlite');
  const { db, seed } = openWalletDatabase({ path, mnemonic, mintUrl: 'http://mint' }, curve);
  t.after(() => db.close());
  const lockKeys = openLockKeys(db, seed);
  return { curve, lockKeys, ...openSignIn(lockKeys, { curve, clock: Date.now }) };
}

test("a code is signed by the wallet's own key, and by no other wallet's", async (t) => {
  const mine = await signInOf(t, MNEMONIC);
  const theirs = await signInOf(t, OTHER);
  const signature = mine.sign(CODE);
  assert.ok(mine.isSigned({ code: CODE, signature }));
  assert.ok(!theirs.isSigned({ code: CODE, signature }));
  assert.ok(!mine.isSigned({ code: CODE, signature: theirs.sign(CODE) }));
  assert.ok(!mine.isSigned({ code: CODE.replace('0', '1'), signature }));
  for (const bad of ['', 'zz', signature.slice(2), `${signature}00`, '0'.repeat(128)]) {
    assert.ok(!mine.isSigned({ code: CODE, signature: bad }), bad);
  }
  const { publicKey } = mine.lockKeys.forPurpose(OWN_KEY, 0);
  const xOnly = mine.curve.xOnly(Uint8Array.from(Buffer.from(publicKey, 'hex')));
  assert.ok(mine.curve.schnorrVerify(Buffer.from(signature, 'hex'), signInMessage(CODE), xOnly));
});

test('a key that locks ehash elsewhere in the wallet signs nobody in, and what is no code is not signed', async (t) => {
  const { curve, lockKeys, sign, isSigned } = await signInOf(t, MNEMONIC);
  const { secretKey } = lockKeys.forPurpose('channel 1', 0);
  const signature = toHex(curve.schnorrSign(signInMessage(CODE), secretKey, new Uint8Array(32)));
  assert.ok(!isSigned({ code: CODE, signature }));
  for (const bad of ['', CODE.slice(1), CODE.toUpperCase(), `${CODE}0`]) {
    assert.throws(() => sign(bad), { name: 'HashpoolError', code: 'bad-code' });
  }
});
