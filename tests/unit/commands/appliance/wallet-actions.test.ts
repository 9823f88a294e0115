import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseAction } from '../../../../commands/appliance/wallet-actions.ts';
import { type GivenOptions, parseLock } from '../../../../commands/appliance/wallet-options.ts';
import { balanceTable, historyTable, redeemedTable } from '../../../../commands/appliance/wallet-tables.ts';
import { fromHex } from '../../../../protocols/bytes.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';
import type { EpochBalance, HistoryEntry, Wallet } from '../../../../services/wallet/wallet.ts';

const KEY = '0249098aa8b9d2fbec49ff8598feb17b592b986e62319a4fa488a3dc36387157a7';
const OURS = '02698c4e2b5f9534cd0687d87513c759790cf829aa5739184a3e3735471fbda904';
const HPUB = encodeHpub(fromHex(KEY));
const NOW = Date.parse('2026-11-21T00:00:00Z');
const wallet = { keyForChannel: async () => fromHex(OURS) };
const lock = (options: GivenOptions) => parseLock(wallet, options, NOW);

test('a lock has a key, a hash or both; after its time it is ours again, or whom we name', async () => {
  const day = String(NOW / 1000 + 86_400);
  const hash = 'AB'.repeat(32);
  assert.equal(await lock({}), undefined);
  assert.deepEqual(await lock({ to: HPUB }), { kind: 'P2PK', data: KEY, tags: [] });
  assert.deepEqual(await lock({ to: KEY, locktime: '24h' }), {
    kind: 'P2PK',
    data: KEY,
    tags: [
      ['locktime', day],
      ['refund', OURS],
    ],
  });
  assert.deepEqual(await lock({ hash, to: HPUB, locktime: '2026-11-22', refund: HPUB }), {
    kind: 'HTLC',
    data: hash.toLowerCase(),
    tags: [
      ['pubkeys', KEY],
      ['locktime', day],
      ['refund', KEY],
    ],
  });
});

for (const [options, words] of [
  [{ to: 'somebody' }, /--to somebody: a public key is wanted/],
  [{ to: 'hpub1x' }, /--to: .*mistyped/],
  [{ hash: 'abc' }, /--hash abc: 64 hex digits/],
  [{ locktime: '1h' }, /name one by --to or --hash/],
  [{ refund: HPUB }, /name one by --to or --hash/],
  [{ to: HPUB, refund: HPUB }, /name it by --locktime/],
  [{ to: HPUB, locktime: '2020-01-01' }, /a time to come is wanted/],
  [{ to: HPUB, locktime: '4000d' }, /at most 3650 days/],
  [{ to: HPUB, locktime: 'soon' }, /a time to come is wanted/],
] as const) {
  test(`a lock is refused in words: ${JSON.stringify(options)}`, async () => {
    await assert.rejects(lock(options), { code: 'usage', message: words });
  });
}

for (const [words, options, message] of [
  [['spend'], {}, /spend is no action: say balance, history/],
  [['send', '1', '2'], {}, /send takes AMOUNT, not 2 too/],
  [['balance', 'all'], {}, /balance takes no argument, not all too/],
  [['balance'], { to: 'x' }, /balance takes no --to$/],
  [['balance'], { auto: true }, /balance takes no --auto$/],
  [['history'], { note: 'x' }, /takes no --note; it takes --limit, --before/],
] as const) {
  test(`a command line is refused in words: ${words.join(' ')} ${JSON.stringify(options)}`, () => {
    assert.throws(() => chooseAction(words, options), { code: 'usage', message });
  });
}

const line = (news: Partial<HistoryEntry>): HistoryEntry => {
  const usual = {
    id: 1,
    at: NOW,
    kind: 'sent',
    unit: 'u',
    amount: -1n,
    fee: 0n,
    operations: 1,
    note: '',
  } as const;
  return { ...usual, ...news };
};

test('a history is a table whose notes steer no terminal', () => {
  const table = historyTable([
    line({ id: 2, kind: 'minted', amount: 5n, operations: 12 }),
    line({ note: 'tea \u001b[2J\u202egnp' }),
  ]);
  const [names, minted, sent] = table.split('\n');
  assert.match(names ?? '', /^id +time +what +amount +fee +unit +what for$/);
  assert.match(minted ?? '', /^2 +2026-11-21 00:00:00 +minted \(12\) +\+5 +0 +u$/);
  assert.match(sent ?? '', /^1 +2026-11-21 00:00:00 +sent +-1 +0 +u +tea {2}\[2J gnp$/);
  assert.equal(historyTable([]), 'nothing has happened yet');
});

test('a balance names what needs an eye', () => {
  const troubles = {
    refusedQuotes: [{ id: 'q', amount: 1n, reason: 'no' }],
    stuck: [{ unit: 'u', reason: 'odd' }],
  };
  const balance = {
    unit: `hash_02${'u'.repeat(64)}_905123`,
    amount: 1n,
    waiting: 0n,
    reserved: 0n,
    sent: 2n,
  };
  const table = balanceTable([balance], [{ token: 'cashuBsecret', unit: 'u', amount: 2n, at: 0 }], troubles);
  assert.match(table, /hash_02uuuuuu…_905123 +1 +0 +0 +2\n\n1 sent and not claimed/);
  assert.match(table, /quote q is not minted: no\n\nan operation hangs and is tried again: odd$/);
  assert.ok(!table.includes('cashuB'));
});

test('a balance says when the ehash of an epoch can be redeemed, and for what', () => {
  const units = ['open', 'maturing', 'redeemable', 'expired', 'stranded'] as const;
  const estimates: Readonly<Record<string, EpochBalance['estimate']>> = {
    open: { sats: 30n, low: 10n, high: 90n, epochs: 7 },
    maturing: { sats: 20n, low: 20n, high: 20n, epochs: 1 },
  };
  const balance = units.map((unit) => ({ unit, amount: 1n, waiting: 0n, reserved: 0n, sent: 0n }));
  const epochs = units.map((state) => ({
    unit: state,
    state,
    ehash: 1n,
    redeemableFrom: state === 'open' ? undefined : 600,
    unpaid: state === 'redeemable' ? 2n : 0n,
    redeemableBefore: state === 'open' ? undefined : 650,
    sats: state === 'redeemable' ? 12n : undefined,
    estimate: estimates[state],
  }));
  const table = balanceTable([...balance], [], { refusedQuotes: [], stuck: [] }, epochs);
  assert.match(table, /^open .*about 30 \(10 to 90\) +open: no block has closed it$/m);
  assert.match(table, /^maturing .*about 20 +redeemable from height 600$/m);
  assert.match(table, /^redeemable .* 12 +redeem before height 650; 2 not paid yet, their block waits$/m);
  assert.match(table, /^expired .*not redeemed before height 650$/m);
  assert.match(table, /^stranded .*stranded: its block is gone, the mint's operator has to merge it$/m);
  assert.match(table, /^about: as the latest epochs/m);
  assert.equal(redeemedTable([]), 'nothing can be redeemed yet');
  assert.match(redeemedTable([{ unit: 'u', ehash: 9n, sats: 4n }]), /^u +9 +4$/m);
});

/** A wallet that pays whatever it is told to; nothing else of it is asked for. */
function payingWallet() {
  const paid: unknown[] = [];
  const wallet: Pick<Wallet, 'pay' | 'payInvoice'> = {
    pay: async (request, given) => {
      paid.push([request, given]);
      return { amount: 5n, unit: 'u', description: '', token: 'cashuBx', deliveredTo: undefined };
    },
    payInvoice: async (invoice, maxFee) => {
      paid.push([invoice, maxFee]);
      return { amount: 1n << 60n, fee: 2n, unit: 'sat', preimage: 'ab' };
    },
  };
  return { paid, wallet: wallet as Wallet };
}

test('pay tells an invoice from a request, and what belongs to which', async () => {
  const { paid, wallet } = payingWallet();
  const pay = (request: string, options: GivenOptions = {}) =>
    chooseAction(['pay', request], options)(wallet, () => undefined);
  const invoice = await pay('LNBC1x', { 'max-fee': '3' });
  assert.equal(invoice.words, 'paid                 fee  unit  preimage\n1152921504606846976  2    sat   ab');
  await pay('lightning:lnbcrt1x', { 'max-fee': '0' });
  assert.equal((await pay('creqAx', { amount: '5', unit: 'u' })).words, 'cashuBx');
  assert.deepEqual(paid, [
    ['LNBC1x', 3n],
    ['lightning:lnbcrt1x', 0n],
    ['creqAx', { amount: 5n, unit: 'u' }],
  ]);
  await assert.rejects(pay('creqAx', { 'max-fee': '3' }), {
    code: 'usage',
    message: /for Lightning invoices/,
  });
  await assert.rejects(pay('lnbc1x', { amount: '3' }), { code: 'usage', message: /for payment requests/ });
  await assert.rejects(pay('lnbc1x', { 'max-fee': '-1' }), { code: 'usage', message: /--max-fee -1/ });
  await assert.rejects(pay(''), { code: 'usage', message: /REQUEST is missing/ });
});
