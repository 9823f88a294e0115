import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { MiningChannel } from '../../../../domain/channels/mining-channel.ts';
import { ShareAcks } from '../../../../domain/shares/share-acks.ts';
import { Acks } from '../../../../services/mining-server/acks.ts';

/** A client that notes how many shares each acknowledgement is for. */
function client(sending: () => void = () => undefined) {
  const acks = new ShareAcks();
  const channel: Pick<MiningChannel, 'acks'> = { acks };
  const sent: number[] = [];
  const sender = {
    sendAck: () => {
      sending();
      sent.push(acks.take()?.new_submits_accepted_count ?? 0);
    },
  };
  return { channel: channel as MiningChannel, sender, sent };
}

function busyFor(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

async function untilSent(sent: readonly number[], count: number): Promise<void> {
  while (sent.length < count) await delay(1);
}

test('a full batch is acknowledged at once, and what is left with the others of the turn', async () => {
  const acks = new Acks(3);
  const { channel, sender, sent } = client();
  for (let sequence = 1; sequence <= 5; sequence++) acks.add(sender, channel, sequence, 32);
  assert.deepEqual(sent, [3]);
  await untilSent(sent, 2);
  assert.deepEqual(sent, [3, 2]);
});

test('after acknowledgements that took long the next ones wait, for more to come', async () => {
  const acks = new Acks(100);
  const { channel, sender, sent } = client(() => busyFor(10));
  acks.add(sender, channel, 1, 32);
  await untilSent(sent, 1);
  acks.add(sender, channel, 2, 32);
  // Timers go off in the order of their times, however late they are.
  await delay(20);
  assert.deepEqual(sent, [1]);
  acks.add(sender, channel, 3, 32);
  await untilSent(sent, 2);
  assert.deepEqual(sent, [1, 2]);
});

test('what waits is sent when it is asked for', () => {
  const acks = new Acks(100);
  const { channel, sender, sent } = client();
  acks.add(sender, channel, 1, 32);
  acks.flush();
  acks.flush();
  assert.deepEqual(sent, [1]);
});

test('acknowledgements of many channels wait a moment longer the next time, those of a few do not', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const acks = new Acks(100);
  const clients = Array.from({ length: 16 }, () => client());
  const answers = () => clients[0]?.sent.length;
  const add = (some: typeof clients) => {
    for (const { channel, sender } of some) acks.add(sender, channel, 1, 32);
  };
  add(clients);
  t.mock.timers.tick(1);
  assert.equal(answers(), 1);
  add(clients.slice(0, 15));
  t.mock.timers.tick(1);
  assert.equal(answers(), 1);
  t.mock.timers.tick(1);
  assert.equal(answers(), 2);
  add(clients.slice(0, 1));
  t.mock.timers.tick(1);
  assert.equal(answers(), 3);
});
