import { fork } from 'node:child_process';
import { endGroup } from './process-group.ts';

/** What the supervisor tells the reaper: a process group that now runs, or one that is gone. */
interface Order {
  readonly watch?: number;
  readonly forget?: number;
}

/** Ends all running roles when the supervisor is gone, however it went. */
export interface Reaper {
  watch(leader: number): void;
  forget(leader: number): void;
  close(): void;
}

const GRACE_MS = 2_500;

/**
 * Starts the reaper, a process of its own with nothing to do but to wait for the supervisor's end. Roles leave
 * by themselves when their channel to the supervisor breaks; the reaper is there for those that hang, and for
 * bitcoind, which has no such channel.
 */
export function startReaper(): Reaper {
  const child = fork(new URL(import.meta.url), {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.unref();
  child.channel?.unref();
  const tell = (order: Order): void => {
    if (child.connected) child.send(order);
  };
  return {
    watch: (leader) => tell({ watch: leader }),
    forget: (leader) => tell({ forget: leader }),
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
}

/** The reaper itself. */
function reap(): void {
  const leaders = new Set<number>();
  process.on('message', (order: Order) => {
    if (order.watch !== undefined) leaders.add(order.watch);
    if (order.forget !== undefined) leaders.delete(order.forget);
  });
  process.on('disconnect', () => {
    Promise.all([...leaders].map((leader) => endGroup(leader, GRACE_MS))).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

if (import.meta.main) reap();
