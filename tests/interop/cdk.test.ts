import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { CheckStateEnum, MintQuoteState, Wallet } from '@cashu/cashu-ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { quoteIdText } from '../../protocols/cashu/quote-id.ts';
import { blob } from '../../roles/mint/store/row.ts';
import { schema } from '../../roles/mint/store/store.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { mineDuring, regtestNode } from '../harness/bitcoind.ts';
import { CdkWallet, installCdkCli, numberIn } from '../harness/cdk-peer.ts';
import { PEER_PAYMENTS, startMint, type TestMintProcess } from '../harness/mint.ts';
import { OnchainScene } from '../harness/onchain-scene.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { SatWallet } from '../harness/sat-wallet.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const BUILD_LIMIT_MS = 20 * 60_000;
const LIMIT_MS = 300_000;
/** Later than cdk-cli is ended that has asked for a quote. */
const LATE_PAYMENT = PEER_PAYMENTS.replace('pays_after_ms = 0', 'pays_after_ms = 3000');
/** To a quote that may be paid more than once cdk-cli goes on listening: it is ended when it has minted. */
const WITHOUT_END = ['--wait-duration', '0'];

let program: string;

before(
  async () => {
    program = await installCdkCli();
  },
  { timeout: BUILD_LIMIT_MS },
);

const newWallet = (mint: Pick<TestMintProcess, 'url'>) =>
  new CdkWallet(program, join(temporaryFolder(), 'wallet'), mint.url);

/** Fees are 100 thousandths of a sat for each input, rounded up: 1 for each request of up to ten. */
test('cdk-cli mints, sends, receives, locks, pays and restores sats', { timeout: LIMIT_MS }, async (t) => {
  const mint = await startMint(t, await regtestNode(t, { blocks: 1 }), { payments: PEER_PAYMENTS });
  const [alice, bob] = [newWallet(mint), newWallet(mint)];

  await t.test('mints what was paid, and is refused what is not on offer', async () => {
    const printed = await alice.mint(['5000']);
    assert.match(printed, /^Received 5000 from mint /m);
    assert.equal(await alice.balance(), 5000);
    assert.equal((await quoteOf(mint, printed)).state, MintQuoteState.ISSUED);
    const { unit } = await ehashOf(mint);
    assert.match(
      await alice.refusal(['mint', mint.url, '5', '--method', 'ehash', '--unit', unit]),
      /Minting is disabled/,
    );
  });

  await t.test('a token changes hands by a swap, once', async () => {
    const token = await alice.send(100);
    const fee = 4900 - (await alice.balance());
    assert.ok(fee === 0 || fee === 1, `a swap for change costs 1, and none is made without need: ${fee}`);
    assert.deepEqual(await statesOf(mint, token), [CheckStateEnum.UNSPENT]);
    assert.equal(await bob.receive(token), 99);
    assert.deepEqual(await statesOf(mint, token), [CheckStateEnum.SPENT]);
    assert.match(await newWallet(mint).refusal(['receive', '--allow-untrusted', token]), /spent/i);
    assert.equal(await bob.balance(), 99);
  });

  await t.test('a token that is locked to a key is spent by its owner alone (NUT-11)', async () => {
    const token = await alice.send(64, ['--pubkey', await bob.publicKey()]);
    assert.match(await alice.refusal(['receive', token]), /Witness signatures not provided/);
    assert.deepEqual(await statesOf(mint, token), [CheckStateEnum.UNSPENT]);
    assert.equal(await bob.receive(token), 63);
    assert.equal(await bob.balance(), 162);
  });

  await t.test('a token that is locked to a hash is spent with its preimage alone (NUT-14)', async () => {
    const preimage = randomBytes(32);
    const hash = createHash('sha256').update(preimage).digest('hex');
    const token = await alice.send(32, ['--hash', hash]);
    assert.match(await bob.refusal(['receive', token]), /Preimage not provided/);
    assert.match(
      await bob.refusal(['receive', '--preimage', randomBytes(32).toString('hex'), token]),
      /preimage/i,
    );
    assert.equal(await bob.receive(token, ['--preimage', preimage.toString('hex')]), 31);
    assert.equal(await bob.balance(), 193);
  });

  await t.test('an invoice is paid, and what the fee left over comes back (NUT-05, NUT-08)', async () => {
    const payer = new SatWallet(mint.url, (await loadCrypto()).curve);
    const before = await alice.balance();
    const printed = await alice.melt(['--invoice', payer.invoice(2000)]);
    assert.match(printed, /Payment successful: state=PAID, amount=2000,/);
    assert.match(printed, /^Payment preimage: [0-9a-f]{64}$/m);
    assert.equal(numberIn(printed, /Fee Reserve: (\d+)/), 20);
    const spent = before - (await alice.balance());
    assert.ok(
      spent >= 2002 && spent <= 2003,
      `2,000, the payment's fee of 1 and one or two of inputs: ${spent}`,
    );
    const failing = payer.invoice(50, { pay_invoice_state: 'FAILED' });
    const left = await alice.balance();
    await alice.refusal(['melt', '--mint-url', mint.url, '--invoice', failing]);
    await alice.run(['check-pending']);
    const back = await alice.balance();
    assert.ok(back === left || back === left - 1, `the tokens are its own again: ${back} of ${left}`);
  });

  await t.test('the seed alone finds every token (NUT-09, NUT-13)', async () => {
    for (const wallet of [alice, bob]) {
      const balance = await wallet.balance();
      const restored = await wallet.sameSeed(join(temporaryFolder(), 'restored'));
      const { unspent, spent } = await restored.restore();
      assert.equal(unspent, balance);
      assert.equal(spent > 0, wallet === alice, 'Bob has spent nothing');
      assert.equal(await restored.balance(), balance);
    }
  });
});

test('cdk-cli mints several quotes by one request (NUT-29)', { timeout: LIMIT_MS }, async (t) => {
  const mint = await startMint(t, await regtestNode(t, { blocks: 1 }), { payments: LATE_PAYMENT });
  const wallet = newWallet(mint);
  const quotes: string[] = [];
  for (const amount of ['300', '400']) {
    const printed = await wallet.mint([amount], { endAt: /^Please pay: /m });
    assert.doesNotMatch(printed, /^Received/m, 'it was ended before the payment came');
    quotes.push(`--quote-id=${/^Quote: id=([^,]+),/m.exec(printed)?.[1]}`);
  }
  const printed = await wallet.run(['mint-batch', ...quotes, '--wait-duration', '120', mint.url]);
  assert.match(printed, /Batch mint complete: received 700 /);
  assert.equal(await wallet.balance(), 700);
});

test("cdk-cli holds and moves ehash, and mints a share's quote that is locked to its key", {
  timeout: LIMIT_MS,
}, async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const mint = await startMint(t, node, { payments: PEER_PAYMENTS });
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const { unit, keyset } = await ehashOf(mint);
  const [alice, bob] = [newWallet(mint), newWallet(mint)];
  // Its keys for quotes follow from its seed in order, for all units alike: this is the first.
  const { pubkey } = await quoteOf(mint, await alice.mint(['8']));
  const { hashBe } = await outbox.mine(node, fromHex(pubkey), 7);
  await outbox.stored();

  const quote = ['--unit', unit, '--method', 'ehash', '--quote-id', quoteOfShare(mint, hashBe)];
  await alice.mint([...quote, ...WITHOUT_END], { endAt: new RegExp(`^Minted 128 ${unit} `, 'mi') });
  assert.equal(await alice.balance(unit), 128);
  const token = await alice.send(50, ['--unit', unit]);
  assert.equal(await bob.receive(token, ['--unit', unit]), 50, 'ehash has no fees');
  assert.equal(await bob.balance(unit), 50);
  assert.equal(await alice.balance(unit), 78);
  const restored = await alice.sameSeed(join(temporaryFolder(), 'restored'));
  assert.equal((await restored.restore(unit)).unspent, 78);
  const wallet = new Wallet(mint.url, { unit });
  await wallet.loadMint();
  assert.equal(wallet.keysetId, keyset);
});

test('cdk-cli is paid and pays on the chain (NUT-30)', { timeout: LIMIT_MS }, async (t) => {
  const scene = await OnchainScene.open(t);
  const wallet = newWallet(scene.mint);
  const asked = Promise.withResolvers<string>();
  const minted = wallet.mint(['100000', '--method', 'onchain', ...WITHOUT_END], {
    onOutput: (printed) => {
      const address = /^Send sats to: (?:bitcoin:)?(\w+)$/m.exec(printed)?.[1];
      if (address !== undefined) asked.resolve(address);
    },
    endAt: /^Minted 100000 sat /m,
  });
  const deposited = asked.promise.then((to) => scene.user.call('sendtoaddress', [to, '0.00100000']));
  await mineDuring(scene.node, Promise.all([minted, deposited]));
  assert.equal(await wallet.balance(), 100_000);

  const address = await scene.newAddress();
  const paid = await mineDuring(
    scene.node,
    wallet.melt(['--method', 'onchain', '--address', address, '--amount', '60000']),
  );
  assert.match(paid, /Payment successful: state=PAID, amount=60000,/);
  const [arrival] = await scene.arrivals(address);
  assert.equal(arrival?.sats, 60_000);
  assert.match(paid, new RegExp(`^Payment proof: ${arrival?.txid}:${arrival?.vout}$`, 'm'));
  assert.equal(await wallet.balance(), 40_000 - numberIn(paid, /fee_paid=(\d+)/));
});

/** The quote that a wallet said it had made, as the mint has it. */
async function quoteOf(
  mint: TestMintProcess,
  printed: string,
): Promise<{ readonly state: string; readonly pubkey: string }> {
  const id = /^Quote: id=([^,]+),/m.exec(printed)?.[1];
  const answer = await fetch(`${mint.url}/v1/mint/quote/bolt11/${id}`);
  return (await answer.json()) as { state: string; pubkey: string };
}

/** The unit and keyset of the open epoch. */
async function ehashOf(mint: TestMintProcess): Promise<{ unit: string; keyset: string }> {
  const answer = await fetch(`${mint.url}/v1/keysets`);
  const { keysets } = (await answer.json()) as { keysets: { id: string; unit: string; active: boolean }[] };
  const found = keysets.find(({ unit, active }) => active && unit.startsWith('hash_'));
  assert.ok(found, JSON.stringify(keysets));
  return { unit: found.unit, keyset: found.id };
}

/** Which states the proofs of a token are in, each state once. */
async function statesOf(mint: TestMintProcess, token: string): Promise<string[]> {
  const wallet = new Wallet(mint.url, { unit: 'sat' });
  await wallet.loadMint();
  const states = await wallet.checkProofsStates(wallet.decodeToken(token).proofs);
  return [...new Set(states.map(({ state }) => state))];
}

/** The id that whoever owns a share would look up by its key. */
function quoteOfShare({ databasePath }: TestMintProcess, hashBe: Uint8Array): string {
  const db = openPlace(databasePath, schema, { readOnly: true });
  try {
    const row = db.prepare('SELECT id FROM quotes WHERE share_hash = ?').get(reversed(hashBe));
    assert.ok(row, toHex(hashBe));
    return quoteIdText(blob(row, 'id'));
  } finally {
    db.close();
  }
}
