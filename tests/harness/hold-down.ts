import { readFileSync } from 'node:fs';
import type { TestAppliance } from './appliance.ts';

/** A role that was killed and does not come back until it is let. */
export interface HeldDown {
  /** Lets its next process run, and resolves when that is ready. */
  release(): Promise<void>;
}

/** Ends a role's process by SIGKILL, and halts the one that its supervisor puts in its place as soon as it is there. */
export async function holdDown(appliance: TestAppliance, role: string): Promise<HeldDown> {
  const killed = appliance.role(role).pid;
  const { restarts } = appliance.role(role);
  process.kill(processOf(appliance, role), 'SIGKILL');
  await appliance.until(`${role} to be started again`, () => {
    const { pid, phase } = appliance.role(role);
    if (pid === undefined || pid === killed || phase !== 'starting') return false;
    process.kill(pid, 'SIGSTOP');
    return true;
  });
  const { pid } = appliance.role(role);
  return {
    release: async () => {
      if (pid !== undefined && appliance.role(role).pid === pid) process.kill(pid, 'SIGCONT');
      await appliance.until(
        `${role} to be ready again`,
        () => appliance.role(role).restarts > restarts && appliance.role(role).phase === 'ready',
      );
    },
  };
}

/** The process that does the work of a role: bitcoind's is a child of ours. */
export function processOf(appliance: TestAppliance, role: string): number {
  const { pid } = appliance.role(role);
  if (pid === undefined) throw new Error(`${role} has no process`);
  if (role !== 'bitcoind') return pid;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(child);
}
