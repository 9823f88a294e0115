import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LEASE_MS, leaseRequest } from '../../../../services/work-link/leases.ts';
import { memoryLeases } from '../../../harness/memory-leases.ts';

const pool = new Uint8Array(33).fill(2);
const [first, second] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];

function leases() {
  const lease = memoryLeases();
  return (outbox_id: Uint8Array, now: number, serverId = 1, pool_id = pool) =>
    lease(leaseRequest({ pool_id, outbox_id }, serverId, now));
}

describe('server id leases', () => {
  it('belong to one outbox', async () => {
    const take = leases();
    assert.equal(await take(first, 0), true);
    assert.equal(await take(second, 0), false);
    assert.equal(await take(second, 0, 2), true, 'another server id');
    assert.equal(await take(second, 0, 1, new Uint8Array(33).fill(3)), true, 'another pool');
  });

  it('run out unless they are renewed', async () => {
    const take = leases();
    await take(first, 0);
    assert.equal(await take(first, LEASE_MS / 2), true);
    assert.equal(await take(second, LEASE_MS), false);
    assert.equal(await take(second, 1.5 * LEASE_MS - 1), false);
    assert.equal(await take(second, 1.5 * LEASE_MS), true);
    assert.equal(await take(first, 1.5 * LEASE_MS), false, 'whoever was away too long');
  });

  it('do not outlive a clock that was wrong', async () => {
    const take = leases();
    await take(first, 1000 * LEASE_MS);
    assert.equal(await take(second, 0), true);
  });
});
