import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CheckStateEnum,
  getEncodedToken,
  hasValidDleq,
  MintOperationError,
  type Proof,
  Wallet,
} from '@cashu/cashu-ts';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex, utf8 } from '../../protocols/bytes.ts';
import { quoteLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';
import { connectSv1, type Sv1Client } from '../harness/sv1-client.ts';

/** Shares of 2^12 hashes, and a block for one in eight of them. */
const SHARE_BITS = 12;
const BLOCK_BITS = 15;
const SHARES = 12;
/** One chance in 10^9 that a whole appliance finds no block in so many shares. */
const PATIENCE_SHARES = 160;

interface ListedQuote {
  readonly quote: string;
  readonly amount: number;
  readonly state: string;
  readonly unit: string;
}

interface Block {
  readonly height: number;
  readonly tx: { vin: { coinbase?: string }[]; vout: { value: number; scriptPubKey: { hex: string } }[] }[];
}

const zeroBits = (hash: string) => 256 - BigInt(`0x${hash}`).toString(2).length;

/** Mines until enough shares were answered true and one of them was a block; gives the block's hash. */
async function mineUntilBlock(client: Sv1Client, user: string): Promise<{ accepted: number; block: string }> {
  let accepted = 0;
  let block: string | undefined;
  for (let tries = 0; tries < PATIENCE_SHARES && (accepted < SHARES || !block); tries++) {
    const job = client.job;
    const share = client.mineShare({ rollVersion: tries % 2 === 1 });
    const answer = await client.submit(user, share);
    if (answer.result !== true) {
      assert.equal(answer.error?.[0], 21, `only a new block may make a share stale: ${answer.error}`);
      continue;
    }
    accepted++;
    if (zeroBits(share.hash) < BLOCK_BITS) continue;
    block ??= share.hash;
    await client.waitForJob(job);
  }
  assert.ok(block, `no block in ${PATIENCE_SHARES} shares`);
  return { accepted, block };
}

/** The quotes locked to a key, as its owner finds them (nuts#391), once there are so many. */
async function quotesOf(mintUrl: string, secretKey: Uint8Array, count: number): Promise<ListedQuote[]> {
  const { pubkey: mintKey } = (await (await fetch(`${mintUrl}/v1/info`)).json()) as { pubkey: string };
  const pubkey = toHex(secp256k1.getPublicKey(secretKey));
  const signature = toHex(schnorr.sign(quoteLookupMessage(mintKey, pubkey), secretKey));
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${mintUrl}/v1/mint/quote/ehash/pubkey`, {
      method: 'POST',
      body: JSON.stringify({ pubkeys: [pubkey], pubkey_signatures: [signature] }),
    });
    const { quotes } = (await answer.json()) as { quotes: ListedQuote[] };
    const paid = quotes.filter(({ state }) => state === 'PAID');
    if (paid.length >= count || tries === 100) return quotes;
    await delay(100);
  }
}

async function assertBlockPaysPool({ rpc }: TestAppliance, hash: string, keysetId: string): Promise<void> {
  const block = (await rpc.call('getblock', [hash, 2])) as Block;
  assert.equal(await rpc.call('getblockhash', [block.height]), hash, 'the block is in the best chain');
  const coinbase = block.tx[0];
  assert.ok(coinbase);
  assert.ok(coinbase.vin[0]?.coinbase?.includes(toHex(utf8('hashpool regtest'))), "the pool's tag");
  // wpkh() of the generator point, the regtest config's script.
  const reward = coinbase.vout.filter(({ value }) => value > 0);
  assert.deepEqual(
    reward.map(({ value, scriptPubKey }) => [value, scriptPubKey.hex]),
    [[50, '0014751e76e8199196d454941c45d1b3a323f1433bd6']],
  );
  const mark = `6a23${toHex(utf8('EH'))}${keysetId}`;
  assert.ok(
    coinbase.vout.some(({ scriptPubKey }) => scriptPubKey.hex === mark),
    "the epoch's keyset",
  );
}

/** A foreign wallet mints quotes of one epoch, checks and swaps the tokens, and can't swap them again. @returns their sum */
async function assertPaidInTokens(
  wallet: Wallet,
  quotes: readonly ListedQuote[],
  privkey: string,
): Promise<bigint> {
  const batch = await wallet.prepareBatchMint(
    'ehash',
    quotes.map((quote) => ({ quote, amount: quote.amount })),
    { privkey },
  );
  const minted = await wallet.completeBatchMint(batch);
  const sum = (proofs: readonly Proof[]) =>
    proofs.reduce((total, { amount }) => total + amount.toBigInt(), 0n);
  assert.equal(
    sum(minted),
    quotes.reduce((total, { amount }) => total + BigInt(amount), 0n),
  );
  const keyset = wallet.getKeyset();
  assert.ok(minted.every((proof) => hasValidDleq(proof, keyset)));

  const token = getEncodedToken({ mint: wallet.mint.mintUrl, unit: wallet.unit, proofs: minted });
  const swapped = await wallet.receive(token, { requireDleq: true });
  assert.equal(sum(swapped), sum(minted));
  const states = async (proofs: Proof[]) =>
    (await wallet.checkProofsStates(proofs)).map(({ state }) => state);
  assert.ok((await states(minted)).every((state) => state === CheckStateEnum.SPENT));
  assert.ok((await states(swapped)).every((state) => state === CheckStateEnum.UNSPENT));
  await assert.rejects(
    wallet.receive(token),
    (error) => error instanceof MintOperationError && error.code === 11001,
  );
  return sum(swapped);
}

test('a miner with a key of its own is paid in tokens that any Cashu wallet can hold', async (t) => {
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: (file, text) =>
      file.startsWith('template-provider')
        ? text.replace(/block_target_bits = \d+/, `block_target_bits = ${BLOCK_BITS}`)
        : text,
  });
  const secretKey = secp256k1.utils.randomSecretKey();
  const user = `${encodeHpub(secp256k1.getPublicKey(secretKey))}.rig1`;
  const client = await connectSv1(appliance.sv1Port);
  t.after(() => client.close());
  await client.configure();
  await client.request('mining.suggest_difficulty', [2 ** (SHARE_BITS - 32)]);
  await client.start(user);
  const { accepted, block } = await mineUntilBlock(client, user);

  const quotes = await quotesOf(appliance.mintUrl, secretKey, accepted);
  assert.equal(quotes.length, accepted, 'one quote for each share that was answered true');
  assert.deepEqual([...new Set(quotes.map(({ state }) => state))], ['PAID']);
  const units = new Map(quotes.map(({ unit }) => [unit, quotes.filter((quote) => quote.unit === unit)]));
  let outstanding = 0n;
  for (const [unit, ofUnit] of units) {
    const wallet = new Wallet(appliance.mintUrl, { unit });
    await wallet.loadMint();
    if (ofUnit[0] === quotes[0]) await assertBlockPaysPool(appliance, block, wallet.keysetId);
    outstanding += await assertPaidInTokens(wallet, ofUnit, toHex(secretKey));
  }

  client.close();
  await appliance.stop();
  const audit = appliance.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.equal(audit.outbox.rows, accepted);
  assert.equal(audit.outstanding, outstanding);
});
