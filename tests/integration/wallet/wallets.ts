import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWallet } from '../../../services/wallet/wallet.ts';

export const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
export const OTHER = 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above';

interface RunOptions {
  readonly name?: string;
  readonly mnemonic?: string;
  readonly argument?: string;
  readonly repeat?: number;
}

/** Wallets at one mint, in this process and in others, in a folder that goes with the test. */
export function walletsAt(t: TestContext, mintUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-wallet-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pathOf = (name: string) => join(folder, `${name}.sqlite`);
  return {
    pathOf,
    open: async (name = 'wallet', mnemonic = MNEMONIC) => {
      const log = { info: () => undefined };
      const wallet = await openWallet({ path: pathOf(name), mnemonic, mintUrl, log });
      t.after(() => wallet.close());
      return wallet;
    },
    /** Runs an action of a wallet in another process. */
    run: (
      action: string,
      { name = 'wallet', mnemonic = MNEMONIC, argument = '', repeat = 1 }: RunOptions = {},
    ) => {
      const script = fileURLToPath(new URL('./process.ts', import.meta.url));
      const args = [script, pathOf(name), mnemonic, mintUrl, action, argument, String(repeat)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      t.after(() => child.kill('SIGKILL'));
      return { child, ended: resultOf(child) };
    },
  };
}

async function resultOf(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out.trim(), err: err.trim() };
}
