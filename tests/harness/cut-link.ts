import type { TestContext } from 'node:test';
import { startAppliance, type TestAppliance } from './appliance.ts';
import { proxyTcp, type TcpProxy } from './interceptor.ts';

/** A new tip would outdate the shares of a cut, whose miners can't hear of it. */
const NEVER_A_BLOCK = 40;

/** Whose link to the pool can be cut: its config, and the line that names the pool's port. */
const LINKS = {
  translator: { file: 'tproxy.config.toml', portLine: '\nport = ' },
  'jd-client': { file: 'jdc.config.toml', portLine: '\npool_port = ' },
} as const;

/**
 * An appliance without miners, one role of which reaches the pool over a network that can be made worse. Miners that
 * submit as often as they like are asked for nothing harder, and find no block.
 * @param edit of a config's text, besides
 */
export async function cutLink(
  t: TestContext,
  role: keyof typeof LINKS,
  edit = (text: string): string => text,
): Promise<{ appliance: TestAppliance; network: TcpProxy }> {
  const { file: ofRole, portLine } = LINKS[role];
  const pool = { host: '127.0.0.1', port: 1 };
  const network = await proxyTcp(pool);
  t.after(() => network.close());
  const appliance = await startAppliance(t, {
    without: ['miner'],
    jobDeclaration: role === 'jd-client',
    edit: (file, text) =>
      edit(file === ofRole ? text.replace(`${portLine}34254`, `${portLine}${network.address.port}`) : text)
        .replace('shares_per_minute = 30', 'shares_per_minute = 600')
        .replace('block_target_bits = 24', `block_target_bits = ${NEVER_A_BLOCK}`),
  });
  pool.port = appliance.sv2Port;
  await appliance.until('the link to the pool', () => /^connected/.test(appliance.role('translator').text));
  return { appliance, network };
}
