import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { ConfigError } from '../../../runtime/config/load.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { openStore } from '../../../runtime/sql/store.ts';
import type { Wallet } from '../../../services/wallet/wallet.ts';
import type { FaucetConfig } from './config.ts';
import { Faucet } from './faucet.ts';
import type { FaucetOperations } from './faucet-store.ts';
import { openHttp } from './http.ts';
import { addRoutes } from './routes.ts';
import { SignIns } from './sign-ins.ts';
import { addTokenRoutes } from './token-routes.ts';

/** sun_path has 108 bytes, one of them for the end. */
const LONGEST_PATH = 107;
/** Reading and writing for the owner and the group; connecting takes both. */
const MODE = 0o660;

interface Options {
  /** Where the socket is made; its group is that of the folder, where that has the setgid bit. */
  readonly path: string;
  readonly faucetPath: string;
  readonly faucet: FaucetConfig;
  readonly wallet: Pick<Wallet, 'balance' | 'history' | 'send' | 'isSignIn' | 'units'>;
  readonly log: Logger;
}

/**
 * Serves balance, history, faucet and tokens on a unix socket, for whoever may open it.
 * @throws ConfigError where there can be no socket at the path
 */
export async function openWalletSocket(options: Options): Promise<{ close(): Promise<void> }> {
  const { path, wallet, log } = options;
  checkPath(path);
  const store = await openStore<FaucetOperations>({
    module: new URL('./faucet-store.ts', import.meta.url),
    path: options.faucetPath,
    name: 'faucet',
  });
  const http = openHttp(log, () => performance.now());
  const close = async () => {
    await http.close();
    await store.close();
  };
  addRoutes(http, { wallet, faucet: new Faucet(options.faucet, { store, wallet, clock: Date.now }) });
  addTokenRoutes(http, { wallet, signIns: new SignIns(wallet, Date.now) });
  try {
    await http.listen({ path });
    chmodSync(path, MODE);
  } catch (cause) {
    await close();
    throw new ConfigError(`[wallet] socket_path: no socket can be made at ${path} (${String(cause)})`, {
      cause,
    });
  }
  return { close };
}

/** What a killed process has left is removed; anything else at the path is somebody's file. */
function checkPath(path: string): void {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new ConfigError(
      `[wallet] socket_path: ${path} has more than ${LONGEST_PATH} bytes, which no socket can have: name a shorter one`,
    );
  }
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) {
    throw new ConfigError(`[wallet] socket_path: ${path} is there and no socket: name another, or remove it`);
  }
  rmSync(path);
}
