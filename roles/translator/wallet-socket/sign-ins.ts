import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { toHex } from '../../../protocols/bytes.ts';
import { signInCodePattern } from '../../../protocols/ehash/sign-in.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import { TokenBucket } from '../../../runtime/token-buckets.ts';
import type { Wallet } from '../../../services/wallet/wallet.ts';

/** Time to run a command elsewhere and to carry its answer over. */
const CODE_MS = 5 * 60_000;
const SESSION_MS = 10 * 60_000;
const MAX_SESSIONS = 8;
/** Checking a signature costs the thread that names keys to miners a tenth of a millisecond. */
const ATTEMPTS = { perSecond: 0.5, burst: 20 };
const TOKENS_PER_SESSION = 30;

const NONCE_BYTES = 8;
const TIME_BYTES = 4;
const MAC_BYTES = 16;

/** A code to be signed, or a session that was opened by one. */
export interface Until {
  /** Milliseconds since 1970. */
  readonly expires_at: number;
}

interface Session extends Until {
  tokens: number;
}

/**
 * Who may take tokens out of the wallet: whoever signs a code by the wallet's own lock key, for ten minutes.
 *
 * A code is good once, for five minutes, and in this process alone. It carries its own end and a MAC, so that giving
 * one out takes no room, and nobody can use up those of others:
 *
 *     [ nonce 8 ][ end, Unix seconds, big-endian 4 ][ HMAC-SHA-256 of both, cut to 16 ]
 */
export class SignIns {
  readonly #wallet: Pick<Wallet, 'isSignIn'>;
  readonly #clock: () => number;
  readonly #key = randomBytes(32);
  readonly #attempts: TokenBucket;
  /** Codes that have opened a session, until they end; attempts are limited, and so are these. */
  readonly #used = new Map<string, number>();
  readonly #sessions = new Map<string, Session>();

  /** @param clock milliseconds since 1970 */
  constructor(wallet: Pick<Wallet, 'isSignIn'>, clock: () => number) {
    this.#wallet = wallet;
    this.#clock = clock;
    this.#attempts = new TokenBucket(ATTEMPTS, clock());
  }

  newCode(): { readonly code: string } & Until {
    const seconds = Math.floor((this.#clock() + CODE_MS) / 1000);
    const end = Buffer.alloc(TIME_BYTES);
    end.writeUInt32BE(seconds);
    const head = Buffer.concat([randomBytes(NONCE_BYTES), end]);
    return { code: toHex(Buffer.concat([head, this.#mac(head)])), expires_at: seconds * 1000 };
  }

  /**
   * Opens a session for a code and its signature.
   * @throws HashpoolError 'too-many-sign-ins', 'bad-code', 'bad-signature'
   */
  async open(code: string, signature: string): Promise<{ readonly session: string } & Until> {
    const now = this.#clock();
    const wait = this.#attempts.take(1, now);
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      throw new HashpoolError('too-many-sign-ins', `too many attempts: try again in ${seconds} s`);
    }
    const end = this.#endOf(code);
    if (end === undefined || end <= now || this.#used.has(code)) throw badCode();
    if (!(await this.#wallet.isSignIn(code, signature))) {
      throw new HashpoolError(
        'bad-signature',
        "the signature is not by this wallet's key over this code: copy all of what npm run wallet -- sign-in printed",
      );
    }
    // Another request may have used it while this one waited.
    if (this.#used.has(code)) throw badCode();
    this.#used.set(code, end);
    this.#forget(now);
    const session = toHex(randomBytes(32));
    const expiresAt = now + SESSION_MS;
    this.#sessions.set(session, { expires_at: expiresAt, tokens: 0 });
    return { session, expires_at: expiresAt };
  }

  /** @throws HashpoolError 'no-session' */
  check(session: string): Until {
    const { expires_at } = this.#open(session);
    return { expires_at };
  }

  /**
   * Counts a token of the session; to be called before it is made.
   * @throws HashpoolError 'no-session', 'too-many-tokens'
   */
  takeOne(session: string): void {
    const open = this.#open(session);
    if (open.tokens >= TOKENS_PER_SESSION) {
      throw new HashpoolError(
        'too-many-tokens',
        `${TOKENS_PER_SESSION} tokens were made in this session: sign in again for more`,
      );
    }
    open.tokens++;
  }

  close(session: string): void {
    this.#sessions.delete(session);
  }

  #open(session: string): Session {
    const open = this.#sessions.get(session);
    if (open && open.expires_at > this.#clock()) return open;
    throw new HashpoolError(
      'no-session',
      'nobody is signed in here, or the ten minutes are over: sign in again',
    );
  }

  #endOf(code: string): number | undefined {
    if (!signInCodePattern.test(code)) return undefined;
    const bytes = Buffer.from(code, 'hex');
    const head = bytes.subarray(0, NONCE_BYTES + TIME_BYTES);
    if (!timingSafeEqual(this.#mac(head), bytes.subarray(head.length))) return undefined;
    return head.readUInt32BE(NONCE_BYTES) * 1000;
  }

  #mac(head: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(head).digest().subarray(0, MAC_BYTES);
  }

  /** What is over goes; of too many sessions the oldest. */
  #forget(now: number): void {
    for (const [code, end] of this.#used) if (end <= now) this.#used.delete(code);
    for (const [id, { expires_at: end }] of this.#sessions) if (end <= now) this.#sessions.delete(id);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function badCode(): HashpoolError {
  return new HashpoolError('bad-code', 'this code is over, was used, or is none of ours: ask for a new one');
}
