import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditShares } from '../../../../commands/appliance/audit-shares.ts';
import { equalBytes } from '../../../../protocols/bytes.ts';
import type { Claim, Claims } from '../../../../roles/mint/claims.ts';
import type { OutboxReader, OutboxShare } from '../../../../roles/pool/outbox/audit.ts';

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const key = bytes(33, 2);
const minimumDifficulty = 4;

function share(seq: number, k = 6): OutboxShare {
  return { seq: BigInt(seq), k, key, header: bytes(80, seq), hashLe: bytes(32, seq) };
}

function outbox(...shares: readonly OutboxShare[]): OutboxReader {
  const terms = { policy: 'target', minimumDifficulty, unit: 'hash_x_1', keysetId: bytes(33, 0) } as const;
  return { outboxId: bytes(16, 1), rows: shares.length, terms, shares: () => shares, close: () => undefined };
}

/** A mint that holds quotes for `shares` and has stored the outbox up to `storedSeq`. */
function mint(shares: readonly OutboxShare[], storedSeq: number, more: Partial<Claims> = {}): Claims {
  const claimOf = ({ key: publicKey, k }: OutboxShare): Claim => ({
    publicKey,
    k,
    exponent: k - minimumDifficulty,
    isVoid: false,
  });
  return {
    ofShare: (hashLe) => {
      const found = shares.find((each) => equalBytes(each.hashLe, hashLe));
      return found && claimOf(found);
    },
    storedSeq: () => BigInt(storedSeq),
    objection: () => undefined,
    close: () => undefined,
    ...more,
  };
}

test('shares that are quotes are counted and worth what the terms say', () => {
  const shares = [share(1, 4), share(2, 6), share(3, 10)];
  const audit = auditShares(outbox(...shares), mint(shares, 3));
  assert.deepEqual(audit, {
    rows: 3,
    quoted: 3,
    quotedSum: 1n + 4n + 64n,
    refused: 0,
    unsent: 0,
    troubles: [],
  });
});

test('what the mint has not stored yet is unsent, what it objects to is refused: neither is a trouble', () => {
  const shares = [share(1), share(2), share(3)];
  const objection: Claims['objection'] = (_, seq) => (seq === 2n ? 'too little work' : undefined);
  const audit = auditShares(outbox(...shares), mint(shares.slice(0, 1), 2, { objection }));
  assert.deepEqual(audit, { rows: 3, quoted: 1, quotedSum: 4n, refused: 1, unsent: 1, troubles: [] });
});

test('a stored share without a quote is a trouble', () => {
  const { troubles } = auditShares(outbox(share(1), share(2)), mint([share(1)], 2));
  assert.deepEqual(troubles, ['share 2 is in the outbox and no quote at the mint']);
});

test('a quote of another key or difficulty is a trouble', () => {
  const shares = [share(1), share(2)];
  const otherKey = mint([{ ...share(1), key: bytes(33, 3) }, share(2, 7)], 2);
  assert.deepEqual(auditShares(outbox(...shares), otherKey).troubles, [
    "share 1 is another key's or difficulty's quote at the mint",
    "share 2 is another key's or difficulty's quote at the mint",
  ]);
});

test('a share that stands twice is a trouble', () => {
  const shares = [share(1), { ...share(1), seq: 2n }];
  assert.deepEqual(auditShares(outbox(...shares), mint(shares, 2)).troubles, [
    'share 2 is in the outbox twice',
  ]);
});

test('a book that is broken throughout is told in a few lines', () => {
  const shares = Array.from({ length: 50 }, (_, i) => share(i + 1));
  const { troubles } = auditShares(outbox(...shares), mint([], 50));
  assert.equal(troubles.length, 11);
  assert.equal(troubles.at(-1), 'and 40 more of the kind');
});
