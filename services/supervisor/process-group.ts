import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/** Sends a signal to a process and all that it has started; a group that is gone already is no trouble. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Ends what is left of a group: asked first, killed after `graceMs`. Returns once it is gone or killed. */
export async function endGroup(leader: number, graceMs: number): Promise<void> {
  if (!groupExists(leader)) return;
  signalGroup(leader, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (groupExists(leader) && Date.now() < deadline) await delay(POLL_MS);
  signalGroup(leader, 'SIGKILL');
}

function groupExists(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch (error) {
    return !isGone(error);
  }
}

/** No such group, or its number has gone to somebody else's. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM');
}
