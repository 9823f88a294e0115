import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEASE_MS } from '../../../../services/work-link/leases.ts';
import { MemoryOutbox, terms, withLink } from './fixture.ts';

describe('the server id of a work link', () => {
  it('gives a second outbox another server id, for as long as it keeps that, and refuses a third', () =>
    withLink(async (link) => {
      await link.connect();
      await link.until(() => link.server.links === 1);
      await link.connect({ outbox: new MemoryOutbox() });
      await link.until(() => link.terms.length === 2);
      assert.deepEqual(link.leases, [1, 2]);
      assert.deepEqual(link.terms, [terms, terms]);
      // Longer than a lease, in steps that each see a renewal.
      for (let step = 0; step < 6; step++) {
        link.clock.now += LEASE_MS / 3;
        await sleep(100);
      }
      await link.connect({ outbox: new MemoryOutbox() });
      await link.until(() => link.leases.length > 2);
      assert.equal(link.leases[2], 'server-id-in-use');
      await link.until(() => link.statuses.some((text) => text.includes('no other of server_ids is free')));
    }));

  it('asks again for the server id that it was given, though its first wish is free by then', () =>
    withLink(async (link) => {
      const first = await link.connect();
      await link.until(() => link.server.links === 1);
      const outbox = new MemoryOutbox();
      const second = await link.connect({ outbox });
      await link.until(() => link.leases.length === 2);
      await first.close();
      await link.until(() => link.server.links === 1);
      link.clock.now += LEASE_MS;
      await sleep(100);
      link.mint.disturb = () => {
        link.mint.disturb = () => undefined;
        throw new Error('the link is cut');
      };
      outbox.grow(1);
      second.wake();
      await link.until(() => link.leases.length === 3);
      assert.deepEqual(link.leases, [1, 2, 2]);
    }));

  it('keeps its server id as long as it is up, and loses it a while later to the outbox that waits', () =>
    withLink(async (link) => {
      const first = await link.connect();
      await link.until(() => link.server.links === 1);
      // Longer than a lease, in steps that each see a renewal.
      for (let step = 0; step < 6; step++) {
        link.clock.now += LEASE_MS / 3;
        await sleep(100);
      }
      const other = new MemoryOutbox();
      await link.connect({ outbox: other, serverId: 2 });
      await link.until(() => link.server.links === 2);
      await link.connect({ outbox: new MemoryOutbox() });
      await link.until(() => link.leases.includes('server-id-in-use'));
      await first.close();
      await link.until(() => link.server.links === 1);
      link.clock.now += LEASE_MS;
      await link.until(() => link.leases.at(-1) === 1);
    }));
});
