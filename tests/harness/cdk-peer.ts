import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { installedOnce, type RunOptions, runProgram } from './peer-program.ts';

/** The wallet of CDK's project, a crate that carries the lock file of all that it is built of. */
const CRATE = 'cdk-cli';
const VERSION = '0.18.3';
const BUILD_LIMIT_MS = 20 * 60_000;

/**
 * Builds cdk-cli with cargo, once for each version.
 * @returns the program's path
 * @throws Error in words, where cargo is missing or the build fails
 */
export async function installCdkCli(): Promise<string> {
  const folder = await installedOnce('cdk', VERSION, async (root) => {
    const target = join(root, 'target');
    const version = ['--version', `=${VERSION}`, '--locked', '--no-default-features'];
    const args = ['install', CRATE, ...version, '--debug', '--root', root, '--target-dir', target];
    // What debuggers read makes up most of the time and nine tenths of the program.
    const env = { CARGO_PROFILE_DEV_DEBUG: '0', CARGO_INCREMENTAL: '0' };
    const ended = await runProgram('cargo', args, { env, limitMs: BUILD_LIMIT_MS }).catch((cause) => {
      throw new Error(`cargo is missing, which builds ${CRATE}: apt-get install cargo-web`, { cause });
    });
    if (ended.code !== 0) throw new Error(`cargo could not build ${CRATE}:\n${ended.stderr.slice(-2_000)}`);
    await rm(target, { recursive: true, force: true });
  });
  return join(folder, 'bin', CRATE);
}

/** A wallet of cdk-cli, with a seed and a database of its own. */
export class CdkWallet {
  readonly folder: string;
  readonly #program: string;
  readonly #mintUrl: string;

  constructor(program: string, folder: string, mintUrl: string) {
    this.#program = program;
    this.folder = folder;
    this.#mintUrl = mintUrl;
  }

  /** Another wallet, empty, with this one's seed. */
  async sameSeed(folder: string): Promise<CdkWallet> {
    await mkdir(folder, { recursive: true });
    await copyFile(join(this.folder, 'seed'), join(folder, 'seed'));
    return new CdkWallet(this.#program, folder, this.#mintUrl);
  }

  /**
   * Runs one of its commands; gives what that printed.
   * @throws Error with its words unless it ends well, or comes as far as `options.endAt` where that is given
   */
  async run(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.#run(args, options);
    if (options.endAt?.test(stdout) ?? code === 0) return stdout;
    throw new Error(`cdk-cli ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }

  /** Runs a command that is to fail; gives its reason. @throws Error where it ends well */
  async refusal(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run(args, {});
    if (code === 0) throw new Error(`cdk-cli ${args.join(' ')} ended well:\n${stdout}`);
    return stderr.slice(stderr.lastIndexOf('Error:'));
  }

  /** Mints what is paid to a quote; gives what it said. @param args the amount and more, as its command has them */
  mint(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.run(['mint', this.#mintUrl, ...args], options);
  }

  /** A token. @param args the lock, if it is to have one */
  async send(amount: number, args: readonly string[] = []): Promise<string> {
    const printed = await this.run([
      'send',
      '--mint-url',
      this.#mintUrl,
      '--amount',
      String(amount),
      ...args,
    ]);
    return /^cashu\S+$/m.exec(printed)?.[0] ?? '';
  }

  /** Gives what it received, after fees. */
  async receive(token: string, args: readonly string[] = []): Promise<number> {
    return numberIn(await this.run(['receive', '--allow-untrusted', token, ...args]), /^Received: (\d+)$/m);
  }

  async balance(unit = 'sat'): Promise<number> {
    const printed = await this.run(['balance', '--unit', unit]);
    // Without tokens it prints nothing.
    return numberIn(`${printed}\nTotal balance across all wallets: 0 ${unit}`, /^Total balance\D+(\d+) /m);
  }

  /** A public key whose secret is the wallet's, 33 bytes as hex. */
  async publicKey(): Promise<string> {
    const printed = await this.run(['generate-public-key', '--mint-url', this.#mintUrl]);
    return /0[23][0-9a-f]{64}/.exec(printed)?.[0] ?? '';
  }

  /** Finds the tokens of its seed; gives what of them is unspent and spent. */
  async restore(unit = 'sat'): Promise<{ unspent: number; spent: number }> {
    const printed = await this.run(['restore', '--unit', unit, this.#mintUrl]);
    return { unspent: numberIn(printed, /^Restored: (\d+)/m), spent: numberIn(printed, /^Spent: (\d+)/m) };
  }

  /** Has the mint pay; gives what it said. @param args the method and what that needs */
  melt(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.run(['melt', '--mint-url', this.#mintUrl, ...args], options);
  }

  #run(args: readonly string[], options: RunOptions) {
    return runProgram(this.#program, ['--non-interactive', '--work-dir', this.folder, ...args], options);
  }
}

/** The number that a pattern finds. @throws Error with the text where it finds none */
export function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in:\n${text}`);
  return Number(found);
}
