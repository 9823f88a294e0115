import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cashuApi } from '../../../../roles/mint/cashu-api.ts';
import { Pricing } from '../../../../roles/mint/pricing.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { openWallet, type Wallet } from '../../../../services/wallet/wallet.ts';
import { epochScene } from '../../mint/epoch-scene.ts';
import { apiConfig } from '../../mint/web.ts';
import { MNEMONIC } from './scene.ts';

const NEVER_MS = 3_600_000;

/** Wallets at the real mint, whose chain the test writes: what the mint changes, takes back or refuses, they are to follow. */
export async function epochWallets(t: TestContext, confirmations = 1) {
  const scene = await epochScene(t, { confirmations });
  const { engine, chain } = scene;
  const log = createLog('test', 'silent');
  const tip = () => chain.tip?.height;
  await engine.keysets.rotateTo({ unit: 'sat', derivationIndex: 0, inputFeePpk: 0, finalExpiry: undefined });
  const http = cashuApi({ config: apiConfig, engine, log, tip });
  /** Codes of what the mint has refused, by path. */
  const refused: [string, number][] = [];
  const cuts = new Set<string>();
  http.addHook('onRequest', async ({ url, raw }) => {
    if (cuts.delete(url)) raw.destroy();
  });
  http.addHook('onSend', async ({ url }, { statusCode }, payload) => {
    if (statusCode >= 400) refused.push([url, (JSON.parse(String(payload)) as { code: number }).code]);
  });
  const mintUrl = await http.listen({ host: '127.0.0.1', port: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'epoch-wallets-'));
  t.after(async () => {
    await http.close();
    rmSync(folder, { recursive: true });
  });
  const pricing = new Pricing({ engine, height: tip, isCarried: true, log, intervalMs: NEVER_MS });
  t.after(() => pricing.close());
  const pathOf = (name: string) => join(folder, `${name}.sqlite`);
  const open = async (name = 'wallet', mnemonic = MNEMONIC) => {
    const wallet = await openWallet({
      path: pathOf(name),
      mnemonic,
      mintUrl,
      log: { info: () => undefined },
    });
    t.after(() => wallet.close());
    return wallet;
  };
  return {
    ...scene,
    refused,
    pathOf,
    open,
    /** Drops the next request of a path before the mint has it. */
    cut: (path: string) => void cuts.add(path),
    /** The same database as it is now, under another name: an older copy later on. */
    copy: async (from: string, to: string) => {
      for (const end of ['', '-wal']) copyFileSync(pathOf(from) + end, pathOf(to) + end);
      return open(to);
    },
    /** Mines so many blocks, and fixes what prices are due. */
    on: async (blocks: number) => {
      chain.mine(blocks);
      await scene.follow();
      await pricing.run();
    },
  };
}

/** What there is of a unit: spendable, waiting, in flight, sent. */
export async function sumsOf(wallet: Wallet, unit: string): Promise<bigint[]> {
  const { amount, waiting, reserved, sent } =
    (await wallet.balance()).find((balance) => balance.unit === unit) ?? {};
  return [amount ?? 0n, waiting ?? 0n, reserved ?? 0n, sent ?? 0n];
}

/** Of every unit the lines of the history, less their fees, are what the wallet holds. */
export async function checkHistory(wallet: Wallet): Promise<void> {
  const sums = new Map<string, bigint>();
  for (const { unit, amount, fee } of await wallet.history({ limit: 1000 }))
    sums.set(unit, (sums.get(unit) ?? 0n) + amount - fee);
  for (const { unit, amount, reserved } of await wallet.balance())
    assert.equal(sums.get(unit) ?? 0n, amount + reserved, unit);
}
