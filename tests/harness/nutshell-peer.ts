import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberIn } from './cdk-peer.ts';
import { installedOnce, runProgram } from './peer-program.ts';

/** Nutshell and all that it needs, as its package index has them: each with its version. */
const PINS = fileURLToPath(new URL('../interop/nutshell/requirements.txt', import.meta.url));
const INSTALL_LIMIT_MS = 15 * 60_000;

/**
 * Installs Nutshell with Python's own tools into a folder of its own, once for each state of its pins.
 * @returns the folder of its programs: the wallet `cashu`, the mint `mint`
 * @throws Error in words, where Python or its venv module is missing or the installation fails
 */
export async function installNutshell(): Promise<string> {
  const pins = createHash('sha256').update(readFileSync(PINS)).digest('hex').slice(0, 16);
  const folder = await installedOnce('nutshell', pins, async (root) => {
    const limit = { limitMs: INSTALL_LIMIT_MS };
    const venv = await runProgram('python3', ['-m', 'venv', root], limit).catch(() => undefined);
    if (venv?.code !== 0) {
      throw new Error(`Python's venv is missing, which installs Nutshell: apt-get install python3-venv`);
    }
    const installation = ['install', '--quiet', '--disable-pip-version-check', '--requirement', PINS];
    const ended = await runProgram(join(root, 'bin', 'pip'), installation, limit);
    if (ended.code !== 0) throw new Error(`pip could not install Nutshell:\n${ended.stderr.slice(-2_000)}`);
  });
  return join(folder, 'bin');
}

/** A wallet of Nutshell, with a seed and a database of its own. */
export class NutshellWallet {
  readonly #program: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** @param programs what `installNutshell` gave */
  constructor(programs: string, folder: string, mintUrl: string) {
    this.#program = join(programs, 'cashu');
    // Its settings come from the environment, and from a file in the user's home unless there is another home.
    this.#environment = { HOME: folder, CASHU_DIR: folder, MINT_URL: mintUrl, TOR: 'FALSE' };
  }

  /** Runs one of its commands; gives what that printed. @throws Error with its words unless it ends well */
  async run(args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await runProgram(this.#program, ['--yes', ...args], {
      env: this.#environment,
      input,
    });
    if (code === 0) return stdout;
    throw new Error(`cashu ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }

  /** Mints so many sats, and waits until they are paid; gives the balance. */
  async mint(amount: number): Promise<number> {
    return balanceIn(await this.run(['invoice', String(amount)]));
  }

  /** A token, and the balance afterwards. @param args the lock, if it is to have one */
  async send(amount: number, args: readonly string[] = []): Promise<{ token: string; balance: number }> {
    const printed = await this.run(['send', String(amount), ...args]);
    return { token: /^cashu\S+$/m.exec(printed)?.[0] ?? '', balance: balanceIn(printed) };
  }

  /** Gives the balance afterwards. */
  async receive(token: string): Promise<number> {
    return balanceIn(await this.run(['receive', token]));
  }

  /** A lock that this wallet opens, as its senders name it. */
  async lock(): Promise<string> {
    return /^Public receiving lock: (\S+)$/m.exec(await this.run(['lock', 'p2pk']))?.[1] ?? '';
  }

  /** Has the mint pay an invoice; gives what it said. */
  pay(invoice: string): Promise<string> {
    return this.run(['pay', invoice]);
  }

  /** The words from which all follows. */
  async mnemonic(): Promise<string> {
    return /^ - ((?:[a-z]+ ){11,}[a-z]+)$/m.exec(await this.run(['info', '--mnemonic']))?.[1] ?? '';
  }

  /** Takes over another wallet's words, in a wallet that has none yet; gives the balance that it finds. */
  async restore(mnemonic: string): Promise<number> {
    return balanceIn(await this.run(['restore'], `${mnemonic}\n`));
  }
}

/** The last balance that was printed. */
export function balanceIn(printed: string): number {
  return numberIn(printed.slice(Math.max(0, printed.lastIndexOf('Balance:'))), /^Balance: (\d+) sat/);
}
