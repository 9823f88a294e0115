import { h, type JSX } from 'preact';
import type { Epoch } from '../../services/stats/api/schemas/epochs.ts';
import { now } from '../data/now.ts';
import { counted, grouped } from '../format/amount.ts';
import { roughly } from '../format/duration.ts';
import { isMinedFor } from '../words/epochs.ts';

interface Step {
  readonly name: string;
  readonly height: number | null;
  /** Where it has no height yet. */
  readonly waits: string;
}

/** From which block to which an epoch lives: what is over, what is now, and what is to come. */
export function EpochLife({
  epoch,
  tip,
}: {
  readonly epoch: Epoch;
  readonly tip: number | null;
}): JSX.Element {
  const isToCome = isMinedFor(epoch);
  const steps: readonly Step[] = [
    { name: 'Opened', height: epoch.opened_height, waits: '' },
    { name: 'Closed', height: epoch.closed_height, waits: isToCome ? 'by the pool’s next block' : '' },
    { name: 'Redeemable', height: epoch.redeemable_from, waits: isToCome ? '100 blocks later' : '' },
    { name: 'Ends', height: epoch.redeemable_before, waits: '' },
  ];
  const isOver = (height: number | null): boolean => height !== null && tip !== null && height <= tip;
  return h(
    'ol',
    { class: 'life' },
    steps
      .filter(({ height, waits }) => height !== null || waits !== '')
      .map(({ name, height, waits }) =>
        h(
          'li',
          { key: name, class: isOver(height) ? 'over' : '' },
          h('span', { class: 'label' }, name),
          h('span', null, height === null ? waits : `block ${grouped(height)}`),
        ),
      ),
  );
}

/** At which block it is to leave its state; nothing where a block of the pool decides. */
export function dueWords({ due_height, overdue_blocks }: Epoch): string | undefined {
  if (due_height === null) return undefined;
  return overdue_blocks > 0
    ? `overdue by ${counted(overdue_blocks, 'block')}`
    : `at block ${grouped(due_height)}`;
}

/** How far off that is; nothing where nobody knows. */
export function dueTime({ due_at }: Epoch): string {
  return due_at === null ? '' : `, ${roughly(Math.max(0, due_at - now()) / 1000)} from now`;
}
