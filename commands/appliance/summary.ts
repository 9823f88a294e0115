import { gatherFigures } from '../../services/supervisor/figures.ts';
import type { Ending } from '../../services/supervisor/supervise.ts';
import type { RoleView } from '../../services/supervisor/supervised-role.ts';
import type { Audit } from './audit-sums.ts';

/** How a run of the appliance went: what its roles reported, and what stands in the databases after it. */
export interface Summary extends Audit {
  readonly seconds: number;
  /** Why it ended. */
  readonly reason: string;
  readonly roles: readonly { readonly name: string; readonly restarts: number }[];
  readonly height: bigint;
  /** As the miners were answered. */
  readonly shares: { readonly accepted: bigint; readonly rejected: bigint };
  readonly blocksFound: bigint;
  readonly blocksConfirmed: bigint;
  readonly blocksOrphaned: bigint;
}

/** Puts the summary of a run together. */
export function summarize(
  ending: Ending,
  views: readonly RoleView[],
  startedAt: number,
  audit: Audit,
): Summary {
  const figures = gatherFigures(views);
  return {
    seconds: Math.round((Date.now() - startedAt) / 1000),
    reason: ending.reason,
    roles: views.map(({ name, restarts }) => ({ name, restarts })),
    height: figures.height,
    shares: { accepted: figures.accepted, rejected: figures.rejected },
    blocksFound: figures.blocksFound,
    blocksConfirmed: figures.blocksConfirmed,
    blocksOrphaned: figures.blocksOrphaned,
    ...audit,
  };
}

/** JSON in one line. An integer that a double can't hold is a text, so that no reader loses a digit of it. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field !== 'bigint') return field;
    const number = Number(field);
    return Number.isSafeInteger(number) ? number : String(field);
  });
}
