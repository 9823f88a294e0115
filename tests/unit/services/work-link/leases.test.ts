import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LEASE_AFTER_LOSS_MS, ServerIdLeases } from '../../../../services/work-link/leases.ts';

const pool = new Uint8Array(33).fill(2);
const [first, second] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];

describe('server id leases', () => {
  it('belong to one live outbox', () => {
    const leases = new ServerIdLeases();
    assert.ok(leases.take(pool, 1, first, 0));
    assert.equal(leases.take(pool, 1, second, 1e9), undefined);
    assert.ok(leases.take(pool, 2, second, 0), 'another server id');
    assert.ok(leases.take(new Uint8Array(33).fill(3), 1, second, 0), 'another pool');
  });

  it('outlive the link for a while', () => {
    const leases = new ServerIdLeases();
    const lease = leases.take(pool, 1, first, 0);
    assert.ok(lease);
    lease.lostAt = 100;
    assert.equal(leases.take(pool, 1, second, 100 + LEASE_AFTER_LOSS_MS - 1), undefined);
    assert.ok(leases.take(pool, 1, second, 100 + LEASE_AFTER_LOSS_MS));
  });

  it('go back to their holder at once, and the old link no longer ends them', () => {
    const leases = new ServerIdLeases();
    const old = leases.take(pool, 1, first, 0);
    assert.ok(old && leases.take(pool, 1, first, 50));
    old.lostAt = 60;
    assert.equal(leases.take(pool, 1, second, 60 + LEASE_AFTER_LOSS_MS), undefined);
  });
});
