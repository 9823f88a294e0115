import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readShares } from '../../../../commands/audit/check-shares.ts';
import type { MintSource } from '../../../../commands/audit/sources.ts';
import { honestMint } from './scene.ts';

type Quote = Awaited<ReturnType<typeof honestMint>>['quotes'][number];

/** What is said of the shares of a holder: verdict and code of each finding, and its words. */
async function auditOf(
  change: (quotes: Quote[]) => Quote[] = (quotes) => quotes,
  tamper: (mint: MintSource) => Partial<MintSource> = () => ({}),
) {
  const { reports, publish, audit, mintOf, quotes } = await honestMint();
  const signed = publish(reports);
  const mint = mintOf(signed);
  const shares = change(quotes)
    .map((quote) => JSON.stringify(quote))
    .join('\n');
  const found = await audit(signed, { mint: { ...mint, ...tamper(mint) }, shares });
  const own = found.filter(({ code }) => code.startsWith('share-') || code === 'shares-counted');
  return { codes: own.map(({ verdict, code }) => [verdict, code]), words: own.map(({ words }) => words) };
}

test("a holder's shares are counted, each with his key; named twice they count once", async () => {
  const { codes, words } = await auditOf((quotes) => [...quotes, ...quotes]);
  assert.deepEqual(codes, [['holds', 'shares-counted']]);
  assert.match(words[0] ?? '', /^2 of your shares .* 32 ehash/);
});

test('what can not be counted yet, or never, is said to be so', async () => {
  const { codes, words } = await auditOf(([first, second]) => {
    assert.ok(first && second);
    const open = { ...second, request: '11'.repeat(32), unit: 'hash_of_the_open_epoch' };
    const moving = { ...second, request: '22'.repeat(32), state: 'UNPAID' };
    return [first, open, moving, { ...second, state: 'VOID' }];
  });
  assert.deepEqual(codes, [
    ['unproven', 'share-too-new'],
    ['holds', 'shares-counted'],
  ]);
  assert.match(words[0] ?? '', /^2 of your 4 shares/);
  assert.match(words[1] ?? '', /^1 of your shares .*, 16 ehash in all, 1 are none by the chain's rules$/);
});

test('tampered: a share that the mint has promised and does not count', async () => {
  const { codes, words } = await auditOf(undefined, ({ share }) => ({
    share: async (report, id) => (report === 1 ? undefined : share(report, id)),
  }));
  assert.deepEqual(codes, [['fails', 'share-not-counted']]);
  assert.match(words[0] ?? '', /report 1, which has the price of hash_/);
});

test('tampered: a share that is counted for less, or for somebody else', async () => {
  const miscounted = [
    ['fails', 'share-miscounted'],
    ['fails', 'share-miscounted'],
  ];
  const less = await auditOf((quotes) => quotes.map((quote) => ({ ...quote, amount: 32 })));
  assert.deepEqual(less.codes, miscounted);
  assert.match(less.words[0] ?? '', /of 32 ehash: .* counted as 16/);
  const pubkey = `03${'02'.repeat(32)}`;
  assert.deepEqual(
    (await auditOf((quotes) => quotes.map((quote) => ({ ...quote, pubkey })))).codes,
    miscounted,
  );
});

test('tampered: one leaf that is shown for two shares', async () => {
  const { codes } = await auditOf(([first]) =>
    first ? [first, { ...first, request: '11'.repeat(32) }] : [],
  );
  assert.deepEqual(codes, [['fails', 'share-miscounted']]);
});

test('of many that are not counted some are named', async () => {
  const many = (quotes: Quote[]) =>
    quotes
      .slice(0, 1)
      .flatMap((quote) =>
        Array.from({ length: 25 }, (_, i) => ({ ...quote, request: String(i).padStart(64, '0') })),
      );
  const { codes, words } = await auditOf(many);
  assert.equal(codes.length, 21);
  assert.match(words.at(-1) ?? '', /5 more of your shares/);
});

test('a file that is none of shares is refused by its line', () => {
  const { bad, quotes } = { bad: 'cashuBo2F0', quotes: '{"quote":"x"}' };
  assert.deepEqual(readShares('\n\n'), []);
  assert.throws(() => readShares(`\n${bad}`), /line 2 is no quote of a share: it is no JSON/);
  assert.throws(() => readShares(quotes), /line 1 is no quote of a share: .*request, unit, amount/);
});
