import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openWallet, type Wallet } from '../../../../services/wallet/wallet.ts';
import { startFakeMint } from './fake-mint.ts';

export const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
export const OTHER = 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above';

const log = { info: () => undefined };

/** A fake mint and wallets at it, in a folder of their own. */
export async function openScene(
  t: TestContext,
  { unit = 'hash_test_1', inputFeePpk = 0 }: { unit?: string; inputFeePpk?: number } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'wallet-'));
  const mint = await startFakeMint(unit, inputFeePpk);
  t.after(async () => {
    await mint.close();
    rmSync(folder, { recursive: true });
  });
  const open = async (name = 'wallet', mnemonic = MNEMONIC) => {
    const path = join(folder, `${name}.sqlite`);
    const wallet = await openWallet({ path, mnemonic, mintUrl: mint.url, log });
    t.after(() => wallet.close());
    return wallet;
  };
  /** Lets a wallet mint `amounts`. */
  const fill = async (wallet: Wallet, ...amounts: bigint[]) => {
    const key = await wallet.keyForChannel('channel');
    for (const amount of amounts) mint.addQuote(key, amount);
    await wallet.collect();
  };
  return { folder, mint, open, fill };
}

/** What a wallet holds of its one unit. */
export async function heldBy(wallet: Wallet): Promise<bigint> {
  const [balance] = await wallet.balance();
  return balance ? balance.amount + balance.reserved : 0n;
}
