import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  Amount,
  CheckStateEnum,
  createHTLCHash,
  getHTLCWitnessPreimage,
  MintOperationError,
  P2PKBuilder,
  type P2PKOptions,
  type Proof,
  Wallet,
} from '@cashu/cashu-ts';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex } from '../../protocols/bytes.ts';
import { cashuErrors } from '../../protocols/cashu/errors.ts';
import { openWeb } from '../unit/mint/web.ts';

const YEAR_SECONDS = 365 * 86_400;

class Person {
  readonly privkey: string;
  readonly pubkey: string;

  constructor() {
    const secretKey = secp256k1.utils.randomSecretKey();
    this.privkey = toHex(secretKey);
    this.pubkey = toHex(secp256k1.getPublicKey(secretKey));
  }
}

interface Scene {
  readonly wallet: Wallet;
  /** Fresh proofs of 5 in all, locked as told. */
  locked(options: P2PKOptions): Promise<Proof[]>;
}

/** The mint behind its HTTP, and the reference wallet in TypeScript before it. */
async function openScene(t: TestContext): Promise<Scene> {
  const mint = await openWeb(t);
  const url = await mint.http.listen({ host: '127.0.0.1', port: 0 });
  const wallet = new Wallet(url, { unit: mint.unit });
  await wallet.loadMint();
  return {
    wallet,
    async locked(options) {
      const plain = (await mint.proofs([0, 3])).map(({ keysetId, exponent, secret, signature }): Proof => {
        return { id: keysetId, amount: Amount.from(2 ** exponent), secret, C: toHex(signature) };
      });
      const { send } = await wallet.ops.send(5, plain).asP2PK(options).run();
      return send;
    },
  };
}

const sum = (proofs: readonly Proof[]) => proofs.reduce((total, { amount }) => total + amount.toBigInt(), 0n);

async function refused(spending: Promise<unknown>): Promise<void> {
  await assert.rejects(
    spending,
    (error) => error instanceof MintOperationError && error.code === cashuErrors['witness-invalid'].number,
  );
}

test('a wallet sends to a key, and only its owner receives', async (t) => {
  const { wallet, locked } = await openScene(t);
  const [alice, bob] = [new Person(), new Person()];
  const proofs = await locked({ pubkey: bob.pubkey });
  await refused(wallet.receive(proofs, { privkey: alice.privkey }));
  await refused(wallet.receive(proofs));
  const received = await wallet.receive(proofs, { privkey: bob.privkey });
  assert.equal(sum(received), 5n);
  const states = await wallet.checkProofsStates(proofs);
  assert.ok(
    states.every(({ state, witness }) => state === CheckStateEnum.SPENT && witness?.includes('signatures')),
  );
});

test('a wallet sends to two of three, and after the locktime to a refund key', async (t) => {
  const { wallet, locked } = await openScene(t);
  const [one, two, three, refund] = [new Person(), new Person(), new Person(), new Person()];
  const now = Math.floor(Date.now() / 1000);
  const lock = (until: number) =>
    new P2PKBuilder()
      .addLockPubkey([one.pubkey, two.pubkey, three.pubkey])
      .requireLockSignatures(2)
      .lockUntil(until)
      .addRefundPubkey(refund.pubkey)
      .toOptions();
  const active = await locked(lock(now + YEAR_SECONDS));
  await refused(wallet.receive(active, { privkey: one.privkey }));
  await refused(wallet.receive(active, { privkey: refund.privkey }));
  assert.equal(sum(await wallet.receive(active, { privkey: [three.privkey, one.privkey] })), 5n);

  const expired = await locked(lock(now - 60));
  await refused(wallet.receive(expired, { privkey: one.privkey }));
  assert.equal(sum(await wallet.receive(expired, { privkey: refund.privkey })), 5n);
  const again = await locked(lock(now - 60));
  assert.equal(sum(await wallet.receive(again, { privkey: [two.privkey, three.privkey] })), 5n);
  const open = await locked({ pubkey: one.pubkey, locktime: now - 60 });
  assert.equal(sum(await wallet.receive(open)), 5n, 'nobody to refund: anyone may take it');
});

test('a wallet sends with SIG_ALL, to one key and to two', async (t) => {
  const { wallet, locked } = await openScene(t);
  const [alice, bob] = [new Person(), new Person()];
  const proofs = await locked(new P2PKBuilder().addLockPubkey(bob.pubkey).sigAll().toOptions());
  const swap = await wallet.prepareSwapToReceive(proofs);
  await refused(wallet.completeSwap(swap, alice.privkey));
  assert.equal(sum((await wallet.completeSwap(swap, bob.privkey)).keep), 5n);

  const both = new P2PKBuilder().addLockPubkey([alice.pubkey, bob.pubkey]).requireLockSignatures(2).sigAll();
  const joint = await wallet.prepareSwapToReceive(await locked(both.toOptions()));
  await refused(wallet.completeSwap(joint, alice.privkey));
  assert.equal(sum((await wallet.completeSwap(joint, [alice.privkey, bob.privkey])).keep), 5n);
});

test('a wallet sends to a blinded key, which the mint cannot tell from any other', async (t) => {
  const { wallet, locked } = await openScene(t);
  const bob = new Person();
  const proofs = await locked(new P2PKBuilder().addLockPubkey(bob.pubkey).blindKeys().toOptions());
  assert.ok(proofs.every(({ secret }) => !secret.includes(bob.pubkey.slice(2))));
  assert.equal(sum(await wallet.receive(proofs, { privkey: bob.privkey })), 5n);
});

for (const sigAll of [false, true]) {
  test(`a wallet sends an HTLC${sigAll ? ' with SIG_ALL' : ''}, whose preimage its sender learns`, async (t) => {
    const { wallet, locked } = await openScene(t);
    const [alice, bob] = [new Person(), new Person()];
    const { hash, preimage } = createHTLCHash();
    const now = Math.floor(Date.now() / 1000);
    const lock = (until: number) => {
      const builder = new P2PKBuilder()
        .addHashlock(hash)
        .addLockPubkey(bob.pubkey)
        .addRefundPubkey(alice.pubkey)
        .lockUntil(until);
      return (sigAll ? builder.sigAll() : builder).toOptions();
    };
    const know = (proofs: readonly Proof[], secret: string) =>
      proofs.map((proof): Proof => ({ ...proof, witness: { preimage: secret, signatures: [] } }));
    const receive = async (proofs: Proof[], privkey: string) =>
      (await wallet.completeSwap(await wallet.prepareSwapToReceive(proofs), privkey)).keep;

    const proofs = await locked(lock(now + YEAR_SECONDS));
    await refused(receive(proofs, bob.privkey));
    await refused(receive(know(proofs, '00'.repeat(32)), bob.privkey));
    await refused(receive(know(proofs, preimage), alice.privkey));
    assert.equal(sum(await receive(know(proofs, preimage), bob.privkey)), 5n);
    const [first] = await wallet.checkProofsStates(proofs);
    assert.equal(getHTLCWitnessPreimage(first?.witness ?? undefined), preimage);

    const expired = await locked(lock(now - 60));
    assert.equal(sum(await receive(expired, alice.privkey)), 5n);
  });
}
