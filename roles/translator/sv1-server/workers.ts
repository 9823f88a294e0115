import { toHex } from '../../../protocols/bytes.ts';
import { encodeHpub, type Miner, noPoint, parseMiner } from '../../../protocols/ehash/key.ts';
import { refusalInWords, Sv1Error } from '../../../protocols/sv1/errors.ts';
import { ShareOwner } from '../../../services/mining-client/share-owner.ts';

/** Workers that may be authorized on one connection. */
export const MAX_WORKERS = 64;

/** An authorized worker. */
export interface Worker {
  /** As it was authorized. A share's own text of it would keep the whole line that the share came with. */
  readonly username: string;
  /** Another one with each key of the wallet's, where that is paid. */
  owner: ShareOwner;
  /** True where its ehash goes to the translator's own wallet. */
  readonly paysWallet: boolean;
  /** For client.show_message; undefined where there is nothing to tell. */
  readonly message: string | undefined;
}

/**
 * Whom a user name pays: its own key, or the translator's wallet where the config takes names.
 * @param walletKey gives the wallet's key for this channel; undefined where names are not taken
 * @param isPoint whether a key is a point of the curve, found out off this thread
 * @throws Sv1Error 24 in words: a mistyped key, or a name that nobody takes
 */
export async function authorize(
  username: string,
  walletKey: (() => Promise<Uint8Array>) | undefined,
  isPoint: (key: Uint8Array) => Promise<boolean>,
): Promise<Worker> {
  const miner = parsed(username);
  if (miner.kind === 'key') {
    if (await isPoint(miner.key)) return ownKey(username, miner);
    throw mistyped(username, noPoint(miner.checked ? encodeHpub(miner.key) : toHex(miner.key)));
  }
  if (walletKey === undefined) {
    throw new Sv1Error(
      refusalInWords(
        24,
        'User name must be your key, hpub1...: make one with any hashpool wallet',
        'unauthorized',
      ),
    );
  }
  const worker = miner.worker === undefined ? miner.name : `${miner.name}.${miner.worker}`;
  return {
    username,
    owner: new ShareOwner(worker, await walletKey()),
    paysWallet: true,
    message: `"${miner.name}" is no key: the ehash goes to the wallet of this translator`,
  };
}

function ownKey(username: string, miner: Extract<Miner, { kind: 'key' }>): Worker {
  const message = miner.checked
    ? undefined
    : `The ehash is locked to ${toHex(miner.key).slice(0, 12)}...: hex has no checksum, better use hpub1...`;
  return { username, owner: new ShareOwner(miner.worker ?? '', miner.key), paysWallet: false, message };
}

function parsed(username: string): Miner {
  try {
    return parseMiner(username);
  } catch (cause) {
    throw mistyped(username, cause);
  }
}

/** Short, since small displays cut it: the key is known by its ends. */
function mistyped(username: string, cause: unknown): Sv1Error {
  const [key = ''] = username.trim().split('.', 1);
  const ends = `${key.slice(0, 9)}...${key.slice(-5)}`;
  return new Sv1Error(refusalInWords(24, `Key ${ends} is mistyped: copy it again`, 'unauthorized'), {
    cause,
  });
}
