import type { RoleView } from './supervised-role.ts';
import { integerOf } from './totals.ts';

/** The appliance's figures, gathered from what its roles report; zero where one has not spoken yet. */
export interface ApplianceFigures {
  readonly height: bigint;
  readonly miners: bigint;
  /** Shares that the miners were answered true, and those that they were refused, since the start. */
  readonly accepted: bigint;
  readonly rejected: bigint;
  /** Of the accepted those for which no pool was there to pay. */
  readonly solo: bigint;
  /** The pool's blocks since its outbox began: all, those that are final, those that are not in the chain. */
  readonly blocksFound: bigint;
  readonly blocksConfirmed: bigint;
  readonly blocksOrphaned: bigint;
  /** Ehash that is earned and not yet minted, and what the translator's wallet holds. */
  readonly waiting: bigint;
  readonly wallet: bigint;
}

/** Gathers the figures of all roles. */
export function gatherFigures(views: readonly RoleView[]): ApplianceFigures {
  const figure = (role: string, name: string): bigint =>
    integerOf(views.find((view) => view.name === role)?.figures[name]);
  return {
    height: figure('bitcoind', 'height'),
    miners: figure('translator', 'miners'),
    accepted: figure('translator', 'shares_accepted'),
    rejected: figure('translator', 'shares_rejected'),
    solo: figure('jd-client', 'shares_solo'),
    blocksFound: figure('pool', 'blocks_found'),
    blocksConfirmed: figure('pool', 'blocks_confirmed'),
    blocksOrphaned: figure('pool', 'blocks_orphaned'),
    waiting: figure('translator', 'ehash_waiting'),
    wallet: figure('translator', 'wallet_ehash'),
  };
}
