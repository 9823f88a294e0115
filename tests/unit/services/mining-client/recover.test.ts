import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { ShareJournal } from '../../../../services/mining-client/journal/journal.ts';
import type { ShareVerdict } from '../../../../services/mining-client/pending-shares.ts';
import { eventually, fakePool } from '../../../harness/fake-pool.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';
import {
  accept,
  channelOf,
  grant,
  openChannel,
  request,
  SHORT_RESUME_LIMIT_MS,
  share,
  startWithin,
  submitted,
  whose,
  workers,
} from './fixture.ts';

/** Two shares that a killed client left in its journal; the next client, connected to the same pool. */
async function killedClient(t: TestContext, next: { port?: number; resumeLimitMs?: number } = {}) {
  const { port, ...limits } = next;
  const path = join(temporaryFolder(), 'shares.journal');
  const log = pino({ level: 'silent' });
  const pool = await fakePool(t, workers);
  const first = startWithin(t, { journal: new ShareJournal(path, log) }, { port: pool.port });
  const link = await pool.link();
  await eventually(() => first.client.isUp, 'the link');
  const channel = channelOf(await openChannel(first.client, link));
  for (const nonce of [1, 2, 3]) void submitted(channel, { ...share, nonce }, whose);
  await link.take('SubmitSharesExtended', 2);
  accept(link, 5, 1);
  await eventually(() => channel.pendingShares === 2, 'the answer');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await first.client.close();
  const verdicts: ShareVerdict[] = [];
  const journal = new ShareJournal(path, log);
  const { client } = startWithin(
    t,
    { journal, onRecovered: (verdict) => verdicts.push(verdict), ...limits },
    { port: port ?? pool.port },
  );
  return { pool, journal, verdicts, client };
}

test('the next process resumes the channel, sends its shares again, and closes it', async (t) => {
  const { pool, journal, verdicts, client } = await killedClient(t);
  const link = await pool.link(1);
  const { message, tlvs } = await link.take('OpenExtendedMiningChannel');
  assert.deepEqual(
    tlvs.map(({ value }) => value),
    [request.lockingKey, request.resumeToken],
  );
  grant(link, message.request_id, 8, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  const second = await link.take('SubmitSharesExtended', 1);
  assert.deepEqual(
    [(await link.take('SubmitSharesExtended')).message.nonce, second.message.nonce],
    [2, 3],
    'what was answered is not sent again',
  );
  accept(link, 8, second.message.sequence_number);
  assert.equal((await link.take('CloseChannel')).message.channel_id, 8);
  assert.deepEqual(verdicts, [{ kind: 'accepted' }, { kind: 'accepted' }]);
  assert.equal(journal.size, 0);
  await eventually(() => client.isUp, 'the link');
});

test('where the pool has the channel no more they are stale, and counted so', async (t) => {
  const { pool, journal, verdicts } = await killedClient(t);
  const link = await pool.link(1);
  const { message } = await link.take('OpenExtendedMiningChannel');
  grant(link, message.request_id, 8, { extranonce_prefix: Uint8Array.of(9, 9, 9, 9) });
  assert.equal((await link.take('CloseChannel')).message.channel_id, 8);
  const stale = { kind: 'refused', code: 'stale-share' };
  assert.deepEqual(verdicts, [stale, stale]);
  assert.equal(journal.size, 0);
});

test('where the pool does not come back in time they are lost, and counted so', async (t) => {
  const { pool, journal, verdicts } = await killedClient(t, { resumeLimitMs: SHORT_RESUME_LIMIT_MS });
  await pool.link(1);
  await eventually(() => verdicts.length === 2, 'the end');
  assert.deepEqual([...new Set(verdicts.map(({ kind }) => kind))], ['lost']);
  assert.equal(journal.size, 0);
});

test('shares of a pool that the config has no more are lost, and counted so', async (t) => {
  const { journal, verdicts } = await killedClient(t, { port: 1 });
  await eventually(() => verdicts.length === 2, 'the end');
  for (const verdict of verdicts)
    assert.match(
      verdict.kind === 'lost' ? verdict.reason : '',
      /^127.0.0.1:\d+ is no pool of the config any more$/,
    );
  assert.equal(journal.size, 0);
});
