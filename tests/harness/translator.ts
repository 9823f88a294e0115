import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePortBase } from './free-ports.ts';
import { RoleProcess } from './role-process.ts';

const entry = fileURLToPath(new URL('../../roles/translator/main.ts', import.meta.url));
/** BIP39's first vector. */
const MNEMONIC = `${'abandon '.repeat(11)}about`;

export interface TranslatorUpstream {
  readonly poolPort: number;
  /** Base58check. */
  readonly poolKey: string;
  readonly paysEhash: boolean;
}

export interface TranslatorOptions extends TranslatorUpstream {
  /** Pools after the first. */
  readonly others?: readonly TranslatorUpstream[];
  /** Of the miners; 4 by default. */
  readonly extranonce2Size?: number;
  /** Further lines of the config that stand before its tables; TLS_PORT and FURTHER_PORT in them are free ports. */
  readonly config?: readonly string[];
  /** Without one there is no mint. */
  readonly mintUrl?: string;
  /** Further lines of the config's table of the wallet. */
  readonly wallet?: readonly string[];
  /** Further credentials, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The translator, and where its miners connect. */
export interface TranslatorProcess {
  readonly role: RoleProcess;
  readonly sv1Port: number;
  /** Where miners connect by TLS, if the config says so. */
  readonly tlsPort: number;
  /** What FURTHER_PORT stands for. */
  readonly furtherPort: number;
  /** Writes a credential anew. */
  writeFile(name: string, text: string): void;
}

/** Starts roles/translator as the supervisor does; it ends with the test. */
export async function translatorProcess(
  t: Pick<TestContext, 'after'>,
  options: TranslatorOptions,
): Promise<TranslatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-translator-'));
  const sv1Port = await freePortBase(4);
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  const [tlsPort, furtherPort] = [sv1Port + 2, sv1Port + 3];
  write('wallet-mnemonic', [MNEMONIC]);
  for (const [name, text] of Object.entries(options.files ?? {})) write(name, [text]);
  write('tproxy.toml', [
    'downstream_address = "127.0.0.1"',
    `downstream_port = ${sv1Port}`,
    `downstream_extranonce2_size = ${options.extranonce2Size ?? 4}`,
    ...(options.config ?? []).map((line) =>
      line.replace('TLS_PORT', String(tlsPort)).replace('FURTHER_PORT', String(furtherPort)),
    ),
    ...[options, ...(options.others ?? [])].flatMap(({ poolPort, poolKey, paysEhash }) => [
      '[[upstreams]]',
      'address = "127.0.0.1"',
      `port = ${poolPort}`,
      `authority_pubkey = "${poolKey}"`,
      `pays_ehash = ${paysEhash}`,
    ]),
    '[downstream_difficulty_config]',
    'easiest_difficulty_bits = 0',
    '[wallet]',
    ...(options.wallet ?? []),
  ]);
  write('miner.toml', ['[mint]', `url = "${options.mintUrl ?? `http://127.0.0.1:${sv1Port + 1}`}"`]);
  const args = [entry, '-c', join(folder, 'tproxy.toml'), '-g', join(folder, 'miner.toml')];
  const role = new RoleProcess(args, folder);
  t.after(async () => {
    await role.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { role, sv1Port, tlsPort, furtherPort, writeFile: (name, text) => write(name, [text]) };
}
