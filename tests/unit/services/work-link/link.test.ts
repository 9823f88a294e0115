import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BlockState,
  WORK_LINK_FRAME_CAP,
  WORK_LINK_PROTOCOL,
  workLinkProtocol,
} from '../../../../protocols/ehash/work-link.ts';
import { connectSv2 } from '../../../../runtime/sv2/connect.ts';
import { keyPair, type Link, log, MemoryOutbox, poolId, terms, withLink, workers } from './fixture.ts';

const SLOW_DISK_MS = 30;

function assertStoredOnce(link: Link): void {
  assert.deepEqual(
    link.mint.shares,
    Array.from({ length: link.outbox.lastSeq }, (_, i) => i + 1),
  );
}

describe('work link', () => {
  it('tells the terms, then takes all shares in order', () =>
    withLink(async (link) => {
      link.outbox.grow(3000);
      const client = await link.connect();
      await link.until(() => link.outbox.storedSeq === 3000);
      link.outbox.grow(1);
      client.wake();
      await link.until(() => link.outbox.storedSeq === 3001);
      assertStoredOnce(link);
      assert.deepEqual(link.terms, [terms]);
      assert.equal(link.mint.received, 3001, 'nothing was sent twice');
      await link.until(() => link.outbox.backedUpSeq === 1500);
      link.server.broadcastTerms();
      await link.until(() => link.terms.length === 2);
    }));

  it('tells of an answer when the outbox has kept it, however long that takes', () =>
    withLink(async (link) => {
      const source = new MemoryOutbox();
      const keep = source.acknowledged.bind(source);
      source.acknowledged = async (ack) => {
        await sleep(SLOW_DISK_MS);
        await keep(ack);
      };
      source.grow(10);
      const told: [number, number][] = [];
      await link.connect({
        outbox: source,
        onAck: (ack) => void told.push([ack.storedSeq, source.storedSeq]),
      });
      await link.until(() => told.at(-1)?.[0] === 10);
      assert.deepEqual(
        told.filter(([storedSeq, kept]) => storedSeq !== kept),
        [],
      );
    }));

  it('tells how blocks stand: at first the latest, then each that changes, to their pool alone', () =>
    withLink(async (link) => {
      const block = (height: number, state: BlockState['state']): BlockState => {
        return { hashLe: new Uint8Array(32).fill(height), height, state, confirmations: 1 };
      };
      link.mint.blocks.push(block(7, 'confirmed'), block(9, 'found'));
      await link.connect();
      await link.until(() => link.blocks.length === 2);
      link.server.sendBlock(new Uint8Array(33).fill(3), block(8, 'found'));
      link.server.sendBlock(poolId, block(9, 'orphaned'));
      await link.until(() => link.blocks.length === 3);
      assert.deepEqual(link.blocks, ['7 confirmed', '9 found', '9 orphaned']);
    }));

  it('tells payouts to links that have room for them, and to no other', () =>
    withLink(async (link) => {
      const told: string[] = [];
      const hear = (who: string) => (payouts: { id: bigint }) => void told.push(`${who} ${payouts.id}`);
      const payoutRoom = { size: 2000, sigops: 40 };
      await link.connect({ payoutRoom, onPayouts: hear('with room') });
      await link.connect({ outbox: new MemoryOutbox(), serverId: 2, onPayouts: hear('without') });
      await link.until(() => link.terms.length === 2 && link.server.payoutRooms(poolId).length === 1);
      assert.deepEqual(link.server.payoutRooms(poolId), [payoutRoom]);
      const stranger = new Uint8Array(33).fill(3);
      assert.deepEqual(link.server.payoutRooms(stranger), []);
      const payouts = { prevHashLe: new Uint8Array(32), outputs: [{ value: 5n, script: Uint8Array.of(81) }] };
      link.server.sendPayouts(stranger, { id: 1n, ...payouts });
      link.server.sendPayouts(poolId, { id: 2n, ...payouts });
      link.server.broadcastTerms();
      await link.until(() => told.length > 0 && link.terms.length === 4);
      assert.deepEqual(told, ['with room 2']);
    }));

  it('loses and doubles nothing when answers are lost', () =>
    withLink(async (link) => {
      let calls = 0;
      link.mint.disturb = () => {
        if (++calls % 3 === 0) throw new Error('stored, but the answer is lost');
      };
      link.outbox.grow(5000);
      const client = await link.connect();
      await link.until(() => link.outbox.storedSeq === 5000);
      for (let i = 0; i < 20; i++) {
        link.outbox.grow(50);
        client.wake();
        await sleep(3);
      }
      await link.until(() => link.outbox.storedSeq === 6000);
      assertStoredOnce(link);
      assert.ok(link.mint.received > 6000, 'some were sent again');
    }));

  it('goes on from where the mint is, also after the mint went back', () =>
    withLink(async (link) => {
      link.outbox.grow(700);
      link.outbox.storedSeq = 600;
      await link.connect();
      await link.until(() => link.outbox.storedSeq === 700);
      assertStoredOnce(link);
    }));

  it('sends everything from an outbox that was set back to an older copy, though its numbers were used before', () =>
    withLink(async (link) => {
      link.mint.ahead = 2000;
      link.outbox.grow(50);
      const client = await link.connect();
      await link.until(() => link.outbox.storedSeq === 50);
      link.outbox.grow(2950);
      client.wake();
      await link.until(() => link.outbox.storedSeq === 3000);
      assertStoredOnce(link);
    }));

  it('takes no share for stored that comes after one that is not', () =>
    withLink(async (link) => {
      link.mint.ahead = 5000;
      link.outbox.grow(3000);
      let cuts = 0;
      link.mint.limit = (first) => (first === 1 && cuts++ === 1 ? 300 : undefined);
      await link.connect();
      await link.until(() => link.outbox.storedSeq === 3000);
      assert.equal(new Set(link.mint.shares).size, 3000);
    }));

  it('keeps refusals with their reasons, and goes on', () =>
    withLink(async (link) => {
      link.mint.refuse = (seq) => (seq === 2 ? 'unknown prev hash' : undefined);
      link.outbox.grow(3);
      await link.connect();
      await link.until(() => link.outbox.storedSeq === 3);
      assert.deepEqual(link.outbox.refusals, [{ seq: 2n, reason: 'unknown prev hash' }]);
    }));

  it('closes the older link of an outbox that connects anew', () =>
    withLink(async (link) => {
      await link.connect();
      await link.until(() => link.server.links === 1);
      await link.connect();
      await link.until(() =>
        link.statuses.some((text) => text.includes('its pool has connected anew') || text.includes('closed')),
      );
      await link.until(() => link.server.links === 1);
    }));

  const refused: [string, RegExp, (link: Link) => Parameters<Link['connect']>[0]][] = [
    ['an unknown pool', /unknown-pool/, () => ({ poolId: new Uint8Array(33).fill(3) })],
    [
      'another script',
      /is 52 in the pool's config, and 51 in .*other-reward-script/,
      () => ({ rewardScript: new Uint8Array([0x52]) }),
    ],
    ['no script', /is none, as with .*other-reward-script/, () => ({ rewardScript: new Uint8Array() })],
    ['a foreign issuer', /unknown-issuer/, () => ({ issuerSecretKey: keyPair().secretKey })],
    ['a server id of nobody', /unknown-server-id/, () => ({ serverId: 9 })],
    ['a wrong authority', /authority/, () => ({ authorityKey: keyPair().publicKey })],
  ];
  for (const [who, words, changes] of refused) {
    it(`refuses ${who} in words`, () =>
      withLink(async (link) => {
        link.outbox.grow(1);
        await link.connect(changes(link));
        await link.until(() => link.statuses.some((text) => words.test(text)));
        assert.equal(link.mint.received, 0);
      }));
  }

  it('outlasts the deadline for opening it, which only the silent miss', () =>
    withLink(async (link) => {
      const client = await link.connect();
      await link.until(() => link.server.links === 1);
      const silent = await connectSv2({
        ...link.server.address,
        authorityKey: undefined,
        protocol: workLinkProtocol,
        setup: { protocol: WORK_LINK_PROTOCOL },
        frameCap: WORK_LINK_FRAME_CAP,
        workers,
        log,
      });
      silent.onMessage = () => undefined;
      await silent.closed;
      link.outbox.grow(1);
      client.wake();
      await link.until(() => link.outbox.storedSeq === 1);
      assert.deepEqual(link.statuses, ['connected to mint']);
    }, 300));
});
