import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIRST_SESSION, payeeTag, STORED_EARLIER } from '../../../../domain/shares/seen-shares.ts';
import { packWorkRecord, WORK_RECORD_BYTES } from '../../../../protocols/ehash/work-record.ts';
import { TipShares } from '../../../../roles/pool/tip-shares.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

const { hash } = await loadCrypto();
const prevHash = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const key = new Uint8Array(33).fill(2);

function header(nonce: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(80).fill(fill, 4, 36);
  new DataView(bytes.buffer).setUint32(76, nonce);
  return bytes;
}

const hashOf = (nonce: number, fill: number): Uint8Array => hash.sha256d(header(nonce, fill));

function record(nonce: number, fill: number): Uint8Array {
  const packed = new Uint8Array(WORK_RECORD_BYTES);
  packWorkRecord(packed, 0, header(nonce, fill), 20, key);
  return packed;
}

interface Told {
  readonly alert: string;
}

function tipShares(portions: readonly Uint8Array[] = []) {
  const told: Told[] = [];
  const asked: number[] = [];
  const shares = new TipShares({
    hash,
    log: { error: (about: Told) => void told.push(about) },
    async *storedEarlier(prevHashLe) {
      asked.push(prevHashLe[0] ?? 0);
      yield* portions;
    },
  });
  return { shares, told, asked };
}

describe('the shares on a tip', () => {
  it('are those of an earlier run at first, but no others of its', async () => {
    const both = Buffer.concat([record(1, 7), record(2, 8)]);
    const { shares } = tipShares([Uint8Array.from(both), record(3, 7)]);
    const seen = await shares.on(prevHash(7));
    assert.equal(shares.known, 2);
    assert.equal(seen.look(hashOf(1, 7), payeeTag(key), FIRST_SESSION), 'replay');
    assert.equal(seen.look(hashOf(3, 7), payeeTag(key), STORED_EARLIER), 'duplicate');
    assert.equal(seen.look(hashOf(2, 8), payeeTag(key), FIRST_SESSION), 'unseen');
  });

  it('are remembered while the chain goes back and forth, on four prev hashes', async () => {
    const { shares, asked } = tipShares();
    const first = await shares.on(prevHash(1));
    first.add(hashOf(1, 1), 1, FIRST_SESSION);
    for (const fill of [2, 3, 1, 4, 5]) await shares.on(prevHash(fill));
    assert.equal(shares.known, 0);
    assert.equal(await shares.on(prevHash(1)), first);
    assert.equal(shares.known, 1);
    assert.deepEqual(asked, [1, 2, 3, 4, 5]);
    for (const fill of [6, 7, 8, 9]) await shares.on(prevHash(fill));
    assert.notEqual(await shares.on(prevHash(1)), first, 'the fifth is forgotten');
  });

  it('are told of once a tip where they are too many, and counted', async () => {
    const { shares, told } = tipShares();
    await shares.on(prevHash(1));
    shares.refuse();
    shares.refuse();
    await shares.on(prevHash(2));
    shares.refuse();
    assert.deepEqual(
      told.map(({ alert }) => alert),
      ['too-many-shares', 'too-many-shares'],
    );
    assert.equal(shares.refused, 3);
    assert.ok(!shares.full);
  });
});
