import { setTimeout as delay } from 'node:timers/promises';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';

const POLL_MS = 10_000;
const RETRY_MS = 1_000;
const ANSWER_LIMIT_MS = 5_000;

export interface KeysetWatchOptions {
  /** The mint, as http://host:port. */
  readonly mintUrl: string;
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
  onKeyset(keysetId: Uint8Array): void;
}

/**
 * Asks the mint (NUT-02) for the keyset of the pool's newest epoch, until the signal ends it. A keyset that is some
 * seconds old does no harm: a coinbase that names the one before is reported, and its shares are paid all the same.
 */
export async function watchKeyset(options: KeysetWatchOptions): Promise<void> {
  const { log, signal, onKeyset } = options;
  let last = '';
  let trouble = '';
  while (!signal.aborted) {
    let pauseMs = POLL_MS;
    try {
      const id = await newestKeyset(options);
      if (id !== last) onKeyset(fromHex(id, 'the keyset id', 33));
      if (id !== last) log.info({ keyset: id }, 'coinbases name this keyset');
      last = id;
      trouble = '';
    } catch (error) {
      const words = messageOf(error);
      if (words !== trouble && !signal.aborted)
        log.warn(`the mint does not say which keyset is open: ${words}`);
      trouble = words;
      pauseMs = RETRY_MS;
    }
    // An abort ends the pause, and the loop looks at the signal itself.
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function newestKeyset({ mintUrl, poolId, signal }: KeysetWatchOptions): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  const response = await fetch(new URL('/v1/keysets', mintUrl), { signal: limit });
  const answer: unknown = await response.json();
  const prefix = `hash_${toHex(poolId)}_`;
  let newest = { height: -1, id: '' };
  for (const { id, unit } of keysetsIn(answer)) {
    const height = unit.startsWith(prefix) ? Number(unit.slice(prefix.length)) : Number.NaN;
    if (height > newest.height) newest = { height, id };
  }
  if (newest.id === '')
    throw new HashpoolError('no-keyset', `it has no keyset for the pool's unit ${prefix}HEIGHT`);
  return newest.id;
}

function keysetsIn(answer: unknown): { id: string; unit: string }[] {
  const keysets = (answer as { keysets?: unknown } | null)?.keysets;
  if (!Array.isArray(keysets)) throw new HashpoolError('mint-answer', 'its answer lists no keysets');
  return keysets.flatMap((each: { id?: unknown; unit?: unknown; active?: unknown } | null) =>
    typeof each?.id === 'string' && typeof each.unit === 'string' && each.active === true
      ? [{ id: each.id, unit: each.unit }]
      : [],
  );
}
