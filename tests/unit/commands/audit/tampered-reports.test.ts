import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../../../commands/audit/sources.ts';
import type { Finding } from '../../../../domain/reports/finding.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import type { Report } from '../../../../protocols/ehash/report.ts';
import { reportHash } from '../../../../protocols/ehash/report-hash.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { honestMint } from './scene.ts';

/** The codes of what does not hold. */
const failed = (findings: readonly Finding[]) =>
  findings.flatMap(({ verdict, code }) => (verdict === 'fails' ? [code] : []));

test('honest reports hold, whatever is looked at', async () => {
  const { reports, publish, audit } = await honestMint();
  const found = await audit(publish(reports));
  assert.deepEqual(
    found.map(({ verdict, code }) => [verdict, code]),
    [
      'reports-signed',
      'books-agree',
      'keysets-derived',
      'boundaries-in-chain',
      'rewards-reported',
      'shares-are-work',
      'reserve',
    ].map((code) => ['holds', code]),
  );
});

test('tampered: a report that was changed after it was signed', async () => {
  const { reports, publish, audit } = await honestMint();
  const [first, second] = publish(reports);
  assert.ok(first && second);
  const changed = { ...first, text: first.text.replace('"fee":"100"', '"fee":"101"') };
  assert.deepEqual(failed(await audit([changed, second])), ['wrong-signature']);
});

test('tampered: a report that was taken out, or put in the place of one that was seen', async () => {
  const { reports, publish, audit } = await honestMint();
  const [first, second] = publish(reports);
  assert.ok(first && second);
  assert.deepEqual(failed(await audit([second])), ['broken-chain']);
  const [one, two] = reports;
  assert.ok(one && two);
  const [other] = publish([{ ...one, chain: two.chain }]);
  assert.ok(other);
  assert.ok(failed(await audit([other, second])).includes('broken-chain'));
  const known = toHex(reportHash(first.text));
  assert.ok(failed(await audit([other], { known })).includes('report-swapped'));
  assert.deepEqual(failed(await audit([first, second], { known })), []);
});

test('what was found stays found where the mint falls silent', async () => {
  const { reports, publish, audit, mintOf } = await honestMint();
  const [first, second] = publish(reports);
  assert.ok(first && second);
  const silent = new HashpoolError('mint-answer', 'it does not answer as this API does');
  const mint = { ...mintOf([first, first]), keyset: () => Promise.reject(silent) };
  const found = await audit([], { mint });
  assert.deepEqual(
    found.map(({ verdict, code }) => [verdict, code]),
    [
      ['fails', 'broken-chain'],
      ['unproven', 'not-audited'],
    ],
  );
});

test('tampered: a fee above the published rate', async () => {
  assert.deepEqual(await codesWith((epoch) => ({ ...epoch, fee: '150' })), [
    'books-unbalanced',
    'wrong-fee',
    'wrong-redemption',
  ]);
});

test('tampered: a price for more work than the shares come to', async () => {
  assert.deepEqual(await codesWith((epoch) => ({ ...epoch, work: '80' })), [
    'wrong-redemption',
    'wrong-work',
  ]);
});

test('tampered: a reward that is less than the block paid', async () => {
  const codes = await codesWith((epoch) => ({
    ...epoch,
    sources: { coinbase: '900' },
    reward: '900',
    fee: '90',
  }));
  assert.ok(codes.includes('wrong-coinbase'), codes.join());
});

test('what a block pays to others than the script need not be reward, and is said', async () => {
  const { reports, publish, audit, blocks } = await honestMint();
  const closing = reports[0]?.epochs[0]?.closed.hash ?? '';
  const block = blocks.get(closing);
  assert.ok(block?.coinbaseOutputs);
  const coinbaseOutputs = [...block.coinbaseOutputs, { value: 5n, script: Uint8Array.of(0x52) }];
  blocks.set(closing, { ...block, coinbaseOutputs });
  const found = await audit(publish(reports));
  assert.deepEqual(failed(found), []);
  assert.ok(found.some(({ verdict, code }) => verdict === 'unproven' && code === 'coinbase-pays-others'));
});

test('tampered: ehash that no share stands for', async () => {
  const { reports, publish, audit } = await honestMint();
  const [first, ...rest] = reports;
  assert.ok(first);
  const keysets = first.keysets.map((keyset) => ({ ...keyset, issued: { ...keyset.issued, sum: '72' } }));
  assert.deepEqual(failed(await audit(publish([{ ...first, keysets }, ...rest]))), [
    'ehash-printed',
    'ehash-printed',
  ]);
});

test('tampered: a boundary that is not in the chain', async () => {
  const codes = await codesWith((epoch) => ({
    ...epoch,
    closed: { ...epoch.closed, hash: 'cd'.repeat(32) },
  }));
  assert.deepEqual(codes, ['boundary-off-chain']);
});

test('tampered: books that do not balance', async () => {
  const { reports, publish, audit } = await honestMint();
  const [first, second] = reports;
  assert.ok(first && second);
  const sats = { ...second.sats, sat: '1700' };
  assert.deepEqual(failed(await audit(publish([first, { ...second, sats }]))), ['books-unbalanced']);
});

test('tampered: trees that count less than they did', async () => {
  const { reports, publish, audit } = await honestMint();
  const [first, second] = reports;
  assert.ok(first && second);
  const less = first.keysets.map((keyset) => {
    return { ...keyset, issued: { ...keyset.issued, sum: '32' }, spent: { ...keyset.spent, sum: '32' } };
  });
  const signed = publish([first, { ...second, keysets: [...second.keysets, ...less] }]);
  assert.deepEqual(failed(await audit(signed)), ['tree-shrank', 'tree-shrank']);
});

/** What does not hold where what is shown of shares was changed. */
async function codesOfSample(change: (sample: Sample) => Sample): Promise<string[]> {
  const { reports, publish, audit, mintOf } = await honestMint();
  const signed = publish(reports);
  const mint = mintOf(signed);
  const sample = async (unit: string) => {
    const honest = await mint.sample(unit);
    return honest && change(honest);
  };
  return [...new Set(failed(await audit(signed, { mint: { ...mint, sample } })))];
}

test('tampered: shares that are work for somebody else, or for nobody', async () => {
  const elsewhere = await codesOfSample(({ block, shares }) => ({
    block,
    shares: shares.map((share) => share && { ...share, coinbase: share.coinbase.with(-5, 0x52) }),
  }));
  assert.deepEqual(elsewhere, ['work-for-others']);
  const cut = await codesOfSample(({ block, shares }) => ({
    block,
    shares: shares.map((share) => share && { ...share, coinbase: share.coinbase.subarray(0, 9) }),
  }));
  assert.deepEqual(cut, ['work-for-others']);
  const idle = await codesOfSample(({ block, shares }) => ({
    block,
    shares: shares.map((share) => share && { ...share, header: share.header.with(79, 0xff) }),
  }));
  assert.deepEqual(idle, ['wrong-root']);
});

test('tampered: shares that another block has drawn, or that are not those which were drawn', async () => {
  const other = await codesOfSample(({ block, shares }) => ({
    block: { ...block, hash: 'ef'.repeat(32) },
    shares,
  }));
  assert.deepEqual(other, ['wrong-sample-block']);
  const chosen = await codesOfSample(({ block, shares }) => ({ block, shares: shares.map(() => shares[0]) }));
  assert.deepEqual(chosen, ['wrong-sample']);
});

test('work of other times is told of', async () => {
  const { reports, publish, audit, node } = await honestMint();
  const found = await audit(publish(reports), { node: { ...node, height: async () => 99 } });
  assert.deepEqual(
    found.flatMap(({ verdict, code }) => (verdict === 'unproven' ? [code] : [])),
    ['work-of-other-times', 'work-of-other-times'],
  );
});

test('tampered: keys that another keyset was named after', async () => {
  const { reports, publish, audit, mintOf, curve } = await honestMint();
  const signed = publish(reports);
  const mint = mintOf(signed);
  const keys = new Map([[1n, curve.publicKey(new Uint8Array(32).fill(5))]]);
  const other = async (id: string) => {
    const found = await mint.keyset(id);
    return found && { ...found, keys };
  };
  const codes = failed(await audit(signed, { mint: { ...mint, keyset: other } }));
  assert.deepEqual(codes, ['wrong-keyset', 'wrong-keyset']);
});

test('without a node, or with nothing to look at, nothing is said to hold that was not seen', async () => {
  const { reports, publish, audit } = await honestMint();
  const codes = (findings: readonly Finding[]) =>
    findings.flatMap(({ verdict, code }) => (verdict === 'unproven' ? [code] : []));
  assert.deepEqual(codes(await audit(publish(reports), { node: undefined })), ['no-node']);
  assert.deepEqual(codes(await audit([])), ['no-report']);
});

/** What does not hold where the first epoch was changed and all of it signed again. */
async function codesWith(
  change: (epoch: Report['epochs'][number]) => Report['epochs'][number],
): Promise<string[]> {
  const { reports, publish, audit } = await honestMint();
  const [first, ...rest] = reports;
  assert.ok(first);
  const signed = publish([{ ...first, epochs: first.epochs.map(change) }, ...rest]);
  return [...new Set(failed(await audit(signed)))].sort();
}
