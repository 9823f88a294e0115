import type { RoleContext } from '../../runtime/lifecycle.ts';
import { openStatsClient } from '../../services/stats/client/client.ts';
import type { JdServerConfig } from './config.ts';
import type { House } from './house.ts';

const SUMS_MS = 2_000;

/** Reports to the stats service that the config names: clients, tokens, declared and refused jobs. */
export function openJdServerStats(
  { config, log }: Pick<RoleContext<JdServerConfig, unknown>, 'config' | 'log'>,
  house: Pick<House, 'sums' | 'trouble'>,
): { close(): Promise<void> } {
  const client = openStatsClient({
    role: 'jd-server',
    config: config.stats,
    log,
    health() {
      const { trouble } = house;
      const status = trouble ?? 'jobs can be declared';
      const state = trouble === undefined ? 'ok' : 'failing';
      return {
        status,
        openConnections: house.sums.clients,
        links: [{ name: 'work', state, why: status }],
      };
    },
  });
  let told = '';
  const tell = (): void => {
    const { clients, tokens, declared, solutions, refused } = house.sums;
    const key = [clients, tokens, declared, solutions, ...refused].join();
    if (key === told) return;
    told = key;
    client.send({
      name: 'DeclarationSums',
      at: BigInt(Date.now()),
      clients,
      tokens: BigInt(tokens),
      declared: BigInt(declared),
      solutions: BigInt(solutions),
      refused: [...refused].map(([reason, count]) => ({ reason, count: BigInt(count) })),
    });
  };
  tell();
  const timer = setInterval(tell, SUMS_MS);
  return {
    async close() {
      clearInterval(timer);
      tell();
      await client.close();
    },
  };
}
