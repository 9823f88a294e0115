import { parseArgs } from 'node:util';
import { regtestNode } from '../tests/harness/bitcoind.ts';
import { NO_NODE, PEER_PAYMENTS, startMint } from '../tests/harness/mint.ts';

/**
 * npm run mint-for-peers [-- --without-node]: a mint on regtest for other projects' test suites, which prints its URL
 * and ends at SIGINT or SIGTERM. Its Lightning backend is `fake`, which pays every invoice at once.
 *
 *     --without-node   its bitcoind is away, so that it has no unit but sat: some wallets can't read others
 */

const { values } = parseArgs({ options: { 'without-node': { type: 'boolean', default: false } } });
const closers: (() => unknown)[] = [];
const session = { after: (close: () => unknown) => closers.push(close) };

const ended = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
});
const alive = setInterval(() => undefined, 60_000);
try {
  const node = values['without-node'] ? NO_NODE : await regtestNode(session, { blocks: 1 });
  const mint = await startMint(session, node, { payments: PEER_PAYMENTS });
  console.log(mint.url);
  await ended;
} finally {
  clearInterval(alive);
  for (const close of closers.reverse()) await close();
}
