import { readFile } from 'node:fs/promises';
import { HashpoolError } from '../../protocols/errors.ts';
import { RpcError } from './errors.ts';

/** `user:password`, or the path of the cookie file that bitcoind writes at each start. */
export type RpcAuth = string | { readonly cookieFile: string };

/** What a credential's text says: the path of a cookie file where it begins with a slash, else `user:password`. */
export function rpcAuthFromText(text: string): RpcAuth {
  return text.startsWith('/') ? { cookieFile: text } : text;
}

/**
 * Gives the value of the Authorization header. A cookie is read anew for each call, since bitcoind makes
 * another one whenever it starts.
 * @throws HashpoolError 'bad-rpc-auth' where the text is not `user:password` (the text itself is not repeated)
 */
export function authorizationOf(auth: RpcAuth): () => Promise<string> {
  if (typeof auth === 'string') {
    if (!/^[^:\s]+:\S+$/.test(auth)) {
      throw new HashpoolError('bad-rpc-auth', 'the bitcoind credential must be one line, user:password');
    }
    const header = basic(auth);
    return async () => header;
  }
  return async () => {
    try {
      return basic((await readFile(auth.cookieFile, 'utf8')).trim());
    } catch (cause) {
      const message = `bitcoind's cookie ${auth.cookieFile} cannot be read; is bitcoind running, and may this user read it?`;
      throw new RpcError('rpc-unreachable', message, { cause });
    }
  };
}

function basic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword, 'utf8').toString('base64')}`;
}
