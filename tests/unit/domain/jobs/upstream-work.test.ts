import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { layOutUpstream } from '../../../../domain/extranonce/layout.ts';
import { checkUpstreamJob, type UpstreamJob, UpstreamWork } from '../../../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { leBytesToTarget } from '../../../../protocols/bitcoin/target.ts';
import { concatBytes, fromHex, toHex } from '../../../../protocols/bytes.ts';
import { hexU32, swapPrevHashWords } from '../../../../protocols/sv1/fields.ts';
import { notifyLine } from '../../../../protocols/sv1/messages.ts';
import { parseNotify } from '../../../../protocols/sv1/server-messages.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { headerOf, jobOfNotify, shareHash } from '../../../harness/sv1-work.ts';

const { hash } = await loadCrypto();

/** The job and the share of Stratum V1's first documentation, of September 2012. */
const NOTIFY = [
  'bf',
  '4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000',
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff20020862062f503253482f04b8864e5008',
  '072f736c7573682f000000000100f2052a010000001976a914d23fcdf86f7e756a64a7a9688ef9903327048ed988ac00000000',
  [],
  '00000002',
  '1c2ac4af',
  '504e86b9',
  false,
];
const EXTRANONCE1 = '08000002';
const SHARE = { extranonce2: '00000001', ntime: '504e86ed', nonce: 'b2957c02' };

let number = 0n;
function upstreamJob(changes: Partial<UpstreamJob> = {}): UpstreamJob {
  return {
    number: ++number,
    fields: parseNotify(NOTIFY),
    extranonce: { extranonce1: fromHex(EXTRANONCE1), extranonce2Size: 4 },
    versionMask: 0x1fffe000,
    isClean: false,
    ...changes,
  };
}

describe("an upstream's job", () => {
  it('gives the header that its own miners would make, for the share of the documentation', () => {
    const layout = layOutUpstream(4, undefined);
    assert.ok(layout);
    const { live } = new UpstreamWork(1).take(upstreamJob(), new SeenShares(), layout.fullBytes);
    const { header } = hash.shareHeader(live.hashed, {
      extranonce: fromHex(SHARE.extranonce2).slice(1),
      version: live.job.version,
      ntime: Number.parseInt(SHARE.ntime, 16),
      nonce: Number.parseInt(SHARE.nonce, 16),
    });
    const roll = { extranonce1: EXTRANONCE1, extranonce2: SHARE.extranonce2, ntime: SHARE.ntime };
    const theirs = headerOf(jobOfNotify(NOTIFY), {
      ...roll,
      nonce: Number.parseInt(SHARE.nonce, 16),
      version: 2,
    });
    assert.equal(toHex(header), theirs.toString('hex'));
    assert.match(shareHash(theirs), /^00000000/, 'it proves difficulty 1, so that it is what was meant');
  });

  it('gives their header whatever it is made of, with each of the jobs that are made of it', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const anyBytes = fc.uint8Array({ minLength: 6, maxLength: 300 });
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const halves = fc.tuple(anyBytes, anyBytes).filter(([prefix]) => prefix[4] !== 0);
    const input = fc.record({
      halves,
      path: fc.array(bytes(32), { maxLength: 14 }),
      prevHashLe: bytes(32),
      extranonce1: fc.uint8Array({ maxLength: 8 }),
      extranonce2Size: fc.integer({ min: 4, max: 32 }),
      version: u32,
      ntime: u32,
      nonce: u32,
      renewals: fc.integer({ min: 0, max: 5 }),
      rolled: bytes(32),
    });
    fc.assert(
      fc.property(input, (made) => {
        const { prevHashLe, extranonce1, extranonce2Size, version, ntime, nonce } = made;
        const [coinbasePrefix, coinbaseSuffix] = made.halves;
        const layout = layOutUpstream(extranonce2Size, undefined);
        assert.ok(layout);
        const common = { jobId: 'j', prevHashLe, version, nbits: 0x1d00ffff, ntime, cleanJobs: true };
        const line = notifyLine({ ...common, coinbasePrefix, coinbaseSuffix, merklePath: made.path });
        const { params } = JSON.parse(line);
        const work = new UpstreamWork(7);
        const job = upstreamJob({
          fields: parseNotify(params),
          extranonce: { extranonce1, extranonce2Size },
        });
        let { live } = work.take(job, new SeenShares(), layout.fullBytes);
        for (let i = 0; i < made.renewals; i++) live = work.renew(live.job.id) ?? live;
        const extranonce = made.rolled.slice(0, layout.fullBytes);
        const { header } = hash.shareHeader(live.hashed, { extranonce, version, ntime, nonce });
        const ours = live.job.coinbasePrefix.slice(coinbasePrefix.length + extranonce1.length);
        const theirs = headerOf(jobOfNotify(params), {
          extranonce1: toHex(extranonce1),
          extranonce2: toHex(concatBytes(ours, extranonce)),
          ntime: hexU32(ntime),
          version,
          nonce,
        });
        assert.equal(ours.length + layout.fullBytes, extranonce2Size);
        assert.equal(toHex(header), theirs.toString('hex'));
      }),
    );
  });

  it('has no room for a witness, a time far off, nbits that stand for nothing, and a huge coinbase', () => {
    const now = 0x504e86b9;
    const check = (fields: object, at = now): void =>
      checkUpstreamJob(upstreamJob({ fields: { ...parseNotify(NOTIFY), ...fields } }), at);
    check({});
    check({}, now + 7200);
    const refused = (message: RegExp) => ({ code: 'bad-upstream-job', message });
    assert.throws(
      () => check({}, now - 7201),
      refused(/its time is 2\.0 hours ahead of this machine's clock/),
    );
    assert.throws(
      () => check({}, now + 36_000),
      refused(/its time is 10\.0 hours behind this machine's clock/),
    );
    assert.throws(() => check({ nbits: 0 }), refused(/nbits 0 stand for no target/));
    assert.throws(() => check({ coinbasePrefix: fromHex('0100000000010100') }), refused(/not stripped/));
    assert.throws(() => check({ coinbaseSuffix: new Uint8Array(40_000) }), refused(/40\d+ bytes, more than/));
  });
});

describe('jobs of an upstream', () => {
  const seen = new SeenShares();

  it('are activated on a new prev hash and where the earlier ones end, else added', () => {
    const work = new UpstreamWork(1);
    const first = work.take(upstreamJob(), seen, 3);
    assert.equal(first.isTip, true);
    const fields = parseNotify(NOTIFY);
    const later = { ...fields, ntime: fields.ntime + 30 };
    const second = work.take(upstreamJob({ fields: later }), seen, 3);
    assert.equal(second.isTip, false);
    assert.equal(second.live.tip, first.live.tip);
    assert.equal(second.live.job.minNtime, later.ntime, 'an upstream refuses times before its job');
    assert.equal(work.take(upstreamJob({ isClean: true }), seen, 3).isTip, true);
    const moved = { ...fields, prevHashLe: new Uint8Array(32).fill(7) };
    assert.equal(work.take(upstreamJob({ fields: moved }), seen, 3).isTip, true);
    assert.equal(toHex(swapPrevHashWords(fields.prevHashLe)), NOTIFY[1]);
  });

  it('never share a search space, also where the upstream sends one coinbase under many ids', () => {
    const work = new UpstreamWork(1);
    const { live } = work.take(upstreamJob(), seen, 3);
    const prefixes = new Set([toHex(live.job.coinbasePrefix)]);
    for (let made = 1; made < 256; made++) {
      const next =
        made % 2 === 0 ? work.take(upstreamJob(), seen, 3).live : work.renew(work.current?.job.id ?? 0);
      assert.ok(next);
      prefixes.add(toHex(next.job.coinbasePrefix));
    }
    assert.equal(prefixes.size, 256);
    assert.equal(work.renew(work.current?.job.id ?? 0), undefined, 'the target then waits for another job');
    assert.throws(() => work.take(upstreamJob(), seen, 3), {
      code: 'upstream-jobs-exhausted',
      message: /4 bytes of extranonce2/,
    });
    const other = { ...parseNotify(NOTIFY), merklePath: [new Uint8Array(32)] };
    assert.ok(work.take(upstreamJob({ fields: other }), seen, 3).live);
  });

  it('are renewed for who has the newest, and told anew where the version mask is another one', () => {
    const work = new UpstreamWork(1);
    assert.equal(work.setVersionMask(0), undefined);
    const { live } = work.take(upstreamJob(), seen, 3);
    const renewed = work.renew(live.job.id);
    assert.notEqual(renewed?.job.id, live.job.id);
    assert.equal(work.renew(live.job.id), renewed);
    assert.equal(work.setVersionMask(0x1fffe000), undefined);
    assert.equal(renewed?.job.versionRollingAllowed, true);
    assert.equal(work.setVersionMask(0x00ffe000)?.job.versionRollingAllowed, false);
  });

  it('have blocks by nbits, or in trials by more zero bits', () => {
    const target = (bits?: number) =>
      leBytesToTarget(new UpstreamWork(1, bits).take(upstreamJob(), seen, 3).live.tip.targetLe);
    assert.equal(target(), 0x2ac4afn << 200n);
    assert.equal(target(8), 0x2ac4afn << 200n);
    assert.equal(target(64), (1n << 192n) - 1n);
  });
});
