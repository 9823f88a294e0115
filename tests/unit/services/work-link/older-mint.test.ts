import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EHASH_EXTENSION } from '../../../../protocols/ehash/extension.ts';
import { encodeTerms, WORK_LINK_PROTOCOL, workLinkMessages } from '../../../../protocols/ehash/work-link.ts';
import { countWorkRecords } from '../../../../protocols/ehash/work-record.ts';
import { defineProtocol, messageTable } from '../../../../protocols/sv2/codec.ts';
import { commonMessages, judgeSetup } from '../../../../protocols/sv2/common.ts';
import { listenSv2 } from '../../../../runtime/sv2/listen.ts';
import { openWorkLinkClient } from '../../../../services/work-link/client.ts';
import { keyPair, log, MemoryOutbox, poolId, terms, workers } from './fixture.ts';

/** The link as it was before coinbases paid anybody. */
const { CoinbaseRoom, CoinbasePayouts, ...before } = workLinkMessages.messages;
const olderLink = defineProtocol('work link', [
  commonMessages,
  messageTable('Work link', EHASH_EXTENSION, before),
]);

test('a pool with room for payouts delivers to a mint that has never heard of them', async (t) => {
  assert.deepEqual([CoinbaseRoom.type, CoinbasePayouts.type], [0x87, 0x88]);
  const keys = keyPair();
  let stored = 0;
  const listener = await listenSv2({
    host: '127.0.0.1',
    port: 0,
    protocol: olderLink,
    keys,
    certificateSeconds: 3600,
    frameCap: 64 * 1024,
    workers,
    log,
    accept: (setup) => judgeSetup(setup, { protocol: WORK_LINK_PROTOCOL, supportedFlags: 0 }),
    onConnection(connection) {
      connection.onMessage = (message) => {
        if (message.name === 'OpenWorkLink') connection.send(encodeTerms(terms));
        if (message.name !== 'SubmitWork') return;
        stored += countWorkRecords(message.records);
        const { outbox_id } = message;
        const stored_seq = BigInt(stored);
        connection.send({
          name: 'WorkAck',
          outbox_id,
          stored_seq,
          backed_up_seq: 0n,
          unplaced: 0,
          refusals: [],
        });
      };
    },
  });
  t.after(() => listener.close());
  const outbox = new MemoryOutbox();
  outbox.grow(700);
  const links: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const client = await openWorkLinkClient({
    ...listener.address,
    authorityKey: keys.publicKey,
    poolId,
    serverId: 1,
    issuerSecretKey: keyPair().secretKey,
    source: outbox,
    workers,
    log,
    payoutRoom: { size: 2000, sigops: 40 },
    onStatus: (text) => void links.push(text),
    onTerms: async () => undefined,
    onAck: ({ storedSeq }) => {
      if (storedSeq === 700) resolve();
    },
  });
  t.after(() => client.close());
  await promise;
  assert.equal(links.filter((text) => text === 'connected to mint').length, 1, links.join(' | '));
});
