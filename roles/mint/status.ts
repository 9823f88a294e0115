import { messageOf } from '../../protocols/errors.ts';
import type { WorkLinkServer } from '../../services/work-link/server.ts';
import type { ChainView } from './chain/chain-view.ts';
import type { ChainWatcher } from './chain/watcher.ts';
import type { CoinbasePayouts, WaitingPayouts } from './coinbase-payouts/payouts.ts';
import type { Engine } from './engine.ts';
import type { Losses } from './losses.ts';
import type { Payments } from './payments/payments.ts';
import type { MintContext } from './start.ts';
import { type Epoch, isLost } from './store/epochs.ts';
import type { QuoteFigures } from './store/tallies.ts';

const INTERVAL_MS = 1_000;

const heldText = '; nothing is signed before the books were compared';

/** Whose figures are told. */
interface StatusParts {
  readonly engine: Engine;
  readonly chain: ChainView;
  readonly watcher: ChainWatcher;
  readonly losses: Losses;
  readonly workLink: WorkLinkServer;
  readonly payments: Payments | undefined;
  readonly coinbasePayouts: Pick<CoinbasePayouts, 'waiting'>;
}

/** Says once a second, where it has changed, what the mint is doing and how its sums stand. */
export async function reportStatus(
  context: MintContext,
  { engine, chain, watcher, losses, workLink, payments, coinbasePayouts }: StatusParts,
) {
  const { log } = context;
  let said = '';
  let saying: Promise<void> | undefined;
  let isStoreThere = true;

  async function storeFigures(): Promise<QuoteFigures | undefined> {
    try {
      const figures = await engine.figures();
      if (!isStoreThere) log.info('the database answers again');
      isStoreThere = true;
      return figures;
    } catch (error) {
      const about = { alert: 'store-unavailable', err: error };
      if (isStoreThere) log.error(about, `the database does not answer: ${messageOf(error)}`);
      isStoreThere = false;
      return undefined;
    }
  }

  async function say(): Promise<void> {
    const ofStore = await storeFigures();
    const { stopped, isHeld } = engine.issuance;
    const { waiting } = coinbasePayouts;
    const text = stopped
      ? `signing is stopped: ${stopped}`
      : isStoreThere
        ? statusText(chain, watcher, workLink) +
          (isHeld ? heldText : '') +
          epochsText(engine) +
          paymentsText(payments) +
          coinbaseText(waiting) +
          riskText(losses)
        : 'waiting for the database';
    const figures = { ...ofStore, ...watcher.figures, ...epochFigures(engine), ...coinbaseFigures(waiting) };
    const now = `${text} ${Object.values(figures).join(' ')}`;
    if (now !== said) context.status(text, figures);
    said = now;
  }

  const timer = setInterval(() => {
    saying ??= say().finally(() => {
      saying = undefined;
    });
  }, INTERVAL_MS);
  await say();
  return {
    async close(): Promise<void> {
      clearInterval(timer);
      await saying;
    },
  };
}

function statusText(chain: ChainView, watcher: ChainWatcher, workLink: WorkLinkServer): string {
  const { tip } = chain;
  if (!tip) return `waiting for bitcoind: ${chain.trouble}`;
  if (tip.isSyncing) return `waiting for bitcoind, which is at block ${tip.height} and still syncing`;
  const linked = `${workLink.links} ${workLink.links === 1 ? 'pool' : 'pools'} linked`;
  const trouble = watcher.trouble && `; the chain is not followed: ${watcher.trouble}`;
  return `at block ${tip.height}, ${linked}${trouble}`;
}

/** How many epochs stand how, of all pools. */
function epochFigures({ epochs }: Engine): Record<string, number> {
  const count = (isCounted: (epoch: Epoch) => boolean) => epochs.all.filter(isCounted).length;
  return {
    epochs_maturing: count(({ closing }) => closing !== undefined),
    epochs_provisional: count(({ standing, isFinal }) => standing === 'live' && !isFinal),
    epochs_unproven: count(({ standing }) => standing === 'unproven'),
    epochs_stranded: count(isLost),
  };
}

/** What waits for the coinbase of a block. */
function coinbaseFigures({ balances, sats }: WaitingPayouts): Record<string, number | bigint> {
  return { coinbase_payout_balances: balances, coinbase_payout_sats: sats };
}

function coinbaseText({ balances, sats, trouble }: WaitingPayouts): string {
  return trouble === ''
    ? ''
    : `; payouts in coinbases wait, ${sats} sats of ${balances} balances: ${trouble}`;
}

/** What an operator has to do about epochs. */
function epochsText({ epochs }: Engine): string {
  const lost = epochs.all.filter(isLost).map(({ unit }) => unit);
  if (lost.length === 0) return '';
  return `; nothing of a pool is minted until ${lost.join(', ')} is merged: npm run epochs -- merge`;
}

function riskText({ hasJournal }: Losses): string {
  return hasJournal ? '' : '; no issuance journal: what is newer than a backup can be lost';
}

/** What the backends can't do at present. */
function paymentsText(payments: Payments | undefined): string {
  return [...(payments?.methods ?? [])]
    .map(([name, { backend }]) => (backend.trouble === undefined ? '' : `; ${name}: ${backend.trouble}`))
    .join('');
}
