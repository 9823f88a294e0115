import type { LinkState } from '../../protocols/stats/messages.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { Figures } from '../../runtime/notify.ts';
import { openStatsClient } from '../../services/stats/client/client.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';

const LOOK_MS = 500;

interface StatusParts {
  /** Milliseconds without template provider after which miners' jobs are most likely stale. */
  readonly staleMs: number;
  isServed(): boolean;
  loseSource(): void;
  /** How it stands, in words; those that begin with "waiting" are trouble. */
  text(): string;
  /** Whether anybody pays for shares, and why not. */
  pay(): { readonly state: LinkState; readonly why: string };
  figures(): Figures;
}

/** Tells how the role is whenever that changes, the stats service too, and sends miners away whose work is stale. */
export function openStatus(
  { config, log, status }: Pick<RoleContext<JdClientConfig, JdClientShared>, 'config' | 'log' | 'status'>,
  { staleMs, isServed, loseSource, text, pay, figures }: StatusParts,
): { close(): Promise<void> } {
  let told = '';
  let servedAt = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (isServed()) servedAt = now;
    else if (now - servedAt >= staleMs) loseSource();
    const [words, numbers] = [text(), figures()];
    const line = JSON.stringify([words, numbers]);
    if (line === told) return;
    told = line;
    status(words, numbers);
  };
  const timer = setInterval(look, LOOK_MS);
  const stats = openStatsClient({
    role: 'jd-client',
    config: config.stats,
    log,
    health() {
      const { channels, shares_waiting: waiting } = figures();
      return {
        status: text(),
        openConnections: Number(channels),
        outboxDepth: Number(waiting),
        links: [{ name: 'pool', ...pay() }],
      };
    },
  });
  look();
  return {
    async close() {
      clearInterval(timer);
      await stats.close();
    },
  };
}
