import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadCrypto } from '../../runtime/crypto.ts';
import { NO_NODE, PEER_PAYMENTS, startMint } from '../harness/mint.ts';
import { balanceIn, installNutshell, NutshellWallet } from '../harness/nutshell-peer.ts';
import { SatWallet } from '../harness/sat-wallet.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const INSTALL_LIMIT_MS = 15 * 60_000;
const LIMIT_MS = 8 * 60_000;

let programs: string;

before(
  async () => {
    programs = await installNutshell();
  },
  { timeout: INSTALL_LIMIT_MS },
);

/**
 * Nutshell knows a fixed list of units and stumbles over a mint with a keyset of any other, so this mint has none of ehash:
 * its node is away, and no epoch opens. Fees are 1 for each request. Its command line makes no hash locks.
 */
test("Nutshell's wallet mints, sends, receives, locks, pays and restores sats", {
  timeout: LIMIT_MS,
}, async (t) => {
  const mint = await startMint(t, NO_NODE, { payments: PEER_PAYMENTS });
  const newWallet = () => new NutshellWallet(programs, temporaryFolder(), mint.url);
  const [alice, bob] = [newWallet(), newWallet()];

  await t.test('mints what was paid', async () => {
    assert.equal(await alice.mint(5000), 5000);
  });

  await t.test('a token changes hands by a swap, once', async () => {
    const { token, balance } = await alice.send(100);
    assert.ok(balance === 4900 || balance === 4899, `a swap for change costs 1: ${balance}`);
    assert.equal(await bob.receive(token), 99);
    await assert.rejects(newWallet().receive(token), /already spent/i);
  });

  await t.test('a token that is locked to a key is spent by its owner alone (NUT-11)', async () => {
    const { token } = await alice.send(64, ['--lock', await bob.lock()]);
    await assert.rejects(alice.receive(token), /no valid signature|signature|not enough/i);
    assert.equal(await bob.receive(token), 99 + 63);
  });

  await t.test('an invoice is paid, and what the fee left over comes back (NUT-05, NUT-08)', async () => {
    const payee = new SatWallet(mint.url, (await loadCrypto()).curve);
    const held = balanceIn(await alice.run(['balance']));
    const printed = await alice.pay(payee.invoice(2000));
    assert.match(printed, /Invoice paid\./);
    const spent = held - balanceIn(printed);
    assert.ok(
      spent >= 2002 && spent <= 2003,
      `2,000, the payment's fee of 1 and one or two of inputs: ${spent}`,
    );
  });

  await t.test('the words alone find every token (NUT-09, NUT-13)', async () => {
    const held = balanceIn(await alice.run(['balance']));
    assert.equal(await newWallet().restore(await alice.mnemonic()), held);
  });
});
