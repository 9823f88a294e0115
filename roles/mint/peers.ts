import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import { News } from '../../runtime/sql/postgres/news.ts';
import type { Engine } from './engine.ts';
import type { AnyMintEvent } from './events.ts';

const CHANNEL = 'hashpool_mint';
/** Ys in one piece of news, which has room for 7,900 characters: each takes some 50 in base64. */
const YS_AT_ONCE = 100;

/**
 * Carries a mint's events between the processes that share its database, so that a wallet that is subscribed at one of
 * them hears what happens at another, and each knows the keysets that another one opens. With SQLite there is one
 * process and nothing to carry.
 * @param place of the database
 */
export async function openPeers(
  place: string,
  engine: Engine,
  log: Pick<Logger, 'error'>,
): Promise<{ close(): Promise<void> }> {
  if (!isPostgres(place)) return { close: () => Promise.resolve() };
  const { events, epochs } = engine;
  let isHearing = false;

  async function hear(told: AnyMintEvent): Promise<void> {
    if (told.kind === 'keysets-changed') await epochs.reload();
    isHearing = true;
    try {
      events.emit(told.kind, told.event);
    } finally {
      isHearing = false;
    }
  }

  const failed = (error: unknown) =>
    log.error({ err: error }, `what another process of the mint told is lost: ${messageOf(error)}`);
  const news = new News(place, CHANNEL, {
    onNews: (text) => void hear(deserialize(Buffer.from(text, 'base64'))).catch(failed),
    onStart: () => void hear({ kind: 'keysets-changed', event: {} }).catch(failed),
  });
  const stop = events.onAny((told) => {
    if (!isHearing) for (const part of shortened(told)) news.tell(serialize(part).toString('base64'));
  });
  await news.start();
  return {
    close: () => {
      stop();
      return news.close();
    },
  };
}

/** An event as several, of which each goes into one piece of news. */
function shortened(told: AnyMintEvent): AnyMintEvent[] {
  if (told.kind !== 'proofs-changed') return [told];
  const { ys, state } = told.event;
  return Array.from({ length: Math.ceil(ys.length / YS_AT_ONCE) }, (_, i) => {
    const some = ys.slice(i * YS_AT_ONCE, (i + 1) * YS_AT_ONCE);
    return { kind: told.kind, event: { ys: some, state } };
  });
}
