import { EPOCH_STATES } from '../../../protocols/stats/messages.ts';
import type { ApiContext } from '../api/context.ts';
import { overdueBlocks } from '../api/routes/epochs.ts';
import type { Epochs } from '../api/schemas/epochs.ts';
import { counter, type Figure, gauge, labelled } from './figure.ts';

/** Of all epochs that the mint tells of; an epoch is no label, for there is no end of them. */
export function epochFigures({ board }: ApiContext): Figure[] {
  const { epochs, chain } = board.news;
  const { all, sats } = epochs;
  if (all.length === 0) return reportFigures(epochs.reports);
  const sum = (part: (epoch: (typeof all)[number]) => string) =>
    Number(all.reduce((total, epoch) => total + BigInt(part(epoch)), 0n));
  const states = EPOCH_STATES.map((state) => {
    return { labels: { state }, value: all.filter((epoch) => epoch.state === state).length };
  });
  const open = all.find(({ state }) => state === 'open' || state === 'provisional' || state === 'unproven');
  const tip = chain.tip?.height;
  return [
    labelled('epochs', 'Epochs, by state.', states),
    ...(open
      ? [gauge('epoch_opened_height', 'The block that opened the newest one.', open.opened_height)]
      : []),
    ...(tip === undefined
      ? []
      : [
          gauge(
            'epoch_overdue_blocks',
            'By how many blocks the most overdue epoch has not left its state.',
            Math.max(...all.map((epoch) => overdueBlocks(epoch, tip))),
          ),
        ]),
    gauge(
      'epoch_work_ehash',
      'Ehash of their shares.',
      sum(({ work }) => work),
    ),
    gauge(
      'epoch_issued_ehash',
      'Ehash that wallets have minted.',
      sum(({ issued }) => issued),
    ),
    gauge(
      'epoch_outstanding_ehash',
      'Ehash in tokens out there.',
      sum(({ outstanding }) => outstanding),
    ),
    gauge(
      'epoch_redeemed_ehash',
      'Ehash that its holders have redeemed.',
      sum(({ redeemed }) => redeemed),
    ),
    gauge(
      'epoch_redeemed_sats',
      'Sats that were given for it.',
      sum((each) => each.redeemed_sat),
    ),
    gauge(
      'epoch_auto_paid_ehash',
      'Ehash that went to balances of miners without a wallet.',
      sum(({ auto_paid }) => auto_paid),
    ),
    gauge(
      'epoch_auto_paid_sats',
      'Sats that they were credited for it.',
      sum((each) => each.auto_paid_sat),
    ),
    gauge(
      'epoch_gifts_sats',
      'Sats from blocks that are none of the pool.',
      sum((each) => each.gifts_sat),
    ),
    ...(sats
      ? [
          labelled('epoch_liability_sats', 'Sats that the mint owes, by what for.', [
            { labels: { of: 'ecash' }, value: Number(sats.owed_sat) },
            { labels: { of: 'ehash' }, value: Number(sats.owed_ehash_sat) },
          ]),
          gauge(
            'coinbase_payout_balances',
            'Balances that wait for the coinbase of a block.',
            sats.coinbase_balances,
          ),
          gauge('coinbase_payout_sats', 'What they come to.', Number(sats.coinbase_sat)),
        ]
      : []),
    ...(sats && sats.reserve_sat !== null
      ? [gauge('epoch_reserve_sats', "Sats that the mint's payment backends hold.", Number(sats.reserve_sat))]
      : []),
    ...reportFigures(epochs.reports),
  ];
}

/** Of the signed reports of the books. */
function reportFigures(reports: Epochs['reports']): Figure[] {
  if (!reports) return [];
  const { last, due, failed, samples_due } = reports;
  return [
    gauge('report_due_epochs', 'Epochs whose price is in no report yet.', due),
    counter('report_failures', 'Tries at a report that came to nothing.', failed),
    gauge('report_samples_due', 'Epochs in reports whose shares were not shown yet.', samples_due),
    ...(last
      ? [
          gauge('report_number', 'Number of the last report.', last.number),
          gauge('report_height', 'Height of the chain when it was made.', last.height),
          gauge(
            'report_proven_sats',
            'Sats in coins whose keys were proven for it.',
            Number(last.proven_sat),
          ),
        ]
      : []),
  ];
}
