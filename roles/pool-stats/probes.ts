import { decodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { failing, type Probe, well } from '../../services/stats/health/probe.ts';
import { chainProbes } from '../../services/stats/health/probes/chain.ts';
import { backupProbe, diskProbe } from '../../services/stats/health/probes/machine.ts';
import { looksUpMint, looksUpSv2, type Sv2Target } from '../../services/stats/health/probes/reachable.ts';
import { judgeLink, judgeReport } from '../../services/stats/health/probes/reported.ts';
import type { ProbeParts } from '../../services/stats/service.ts';
import type { PoolStatsContext } from './start.ts';

const MIB = 1024 ** 2;
/** Shares go to the mint within a second; so old ones mean that it does not take them. */
const OLD_OUTBOX_MS = 60_000;

interface Parts extends ProbeParts {
  readonly rpc: BitcoinRpc;
  readonly workers: HandshakeWorkers;
}

/** All that the server side depends on. */
export function poolProbes(
  context: PoolStatsContext,
  { board, writer, disk, begun, rpc, workers }: Parts,
): Probe[] {
  const { config, shared, log, read, statePath } = context;
  const { probes: at, health } = config;
  const reported = { reports: board.reports, clock: Date.now, begun };
  const target = (kind: Sv2Target['kind'], address: string, key: string) => ({
    kind,
    address,
    authorityKey: decodeAuthorityPublicKey(read(key)),
    workers,
    log,
  });
  const { jds_address, jds_authority_public_key } = at;
  const declarations: Probe[] =
    jds_address === undefined
      ? []
      : [
          {
            name: 'jd-server',
            title: 'Job declaration',
            matters: true,
            remedy: "See the jd-server's log: miners who choose their own blocks can't declare them here",
            async look(signal) {
              const found = await looksUpSv2(
                target('declarations', jds_address, jds_authority_public_key),
                signal,
              );
              // It may be told to report to nobody.
              if (board.reports.of('jd-server') === undefined) return found;
              const report = judgeReport(reported, 'jd-server');
              if (report.state === 'failing') return report;
              const work = judgeLink(reported, 'jd-server', 'work');
              return work.state === 'failing' ? work : found;
            },
          },
        ];
  return [
    ...chainProbes({ rpc, network: shared.bitcoin.network, board: board.news.chain, clock: Date.now }),
    {
      name: 'template-provider',
      title: 'Template provider',
      matters: true,
      remedy: 'See its log; the pool goes on with the last job for a while',
      look: (signal) => looksUpSv2(target('templates', at.tp_address, at.tp_authority_public_key), signal),
    },
    {
      name: 'pool',
      title: 'Pool',
      matters: true,
      remedy: "See the pool's log: miners can't connect",
      async look(signal) {
        const found = await looksUpSv2(
          target('mining', at.pool_address, at.pool_authority_public_key),
          signal,
        );
        const report = judgeReport(reported, 'pool');
        return report.state === 'failing' ? report : found;
      },
    },
    ...declarations,
    {
      name: 'pool-work',
      title: 'Work for miners',
      matters: true,
      remedy: 'See what the pool waits for: terms of the mint, a template, the disk',
      look: () => judgeLink(reported, 'pool', 'work'),
    },
    {
      name: 'mint',
      title: 'Mint',
      matters: true,
      remedy: "See the mint's log; shares wait in the pool's outbox meanwhile, and nothing is lost",
      async look(signal) {
        const found = await looksUpMint(shared.mint.url, signal);
        const report = judgeReport(reported, 'mint');
        return report.state === 'failing' ? report : found;
      },
    },
    {
      name: 'mint-store',
      title: "Mint's database",
      matters: true,
      remedy: "See the mint's log, its database and its disk: nothing is signed meanwhile",
      look: () => judgeLink(reported, 'mint', 'store'),
    },
    {
      name: 'mint-books',
      title: "Mint's books",
      matters: true,
      remedy: 'The books do not add up, and signing is stopped: see docs/operations.md before anything else',
      look: () => judgeLink(reported, 'mint', 'books'),
    },
    {
      name: 'mint-epochs',
      title: "Mint's epochs",
      matters: true,
      remedy: 'See `npm run epochs`: an epoch that lost its block is merged with one that has a reward',
      look: () => judgeLink(reported, 'mint', 'epochs'),
    },
    {
      name: 'mint-chain',
      title: "Mint's view of the chain",
      matters: true,
      remedy: "See the mint's log: epochs are not closed meanwhile",
      look: () => judgeLink(reported, 'mint', 'chain'),
    },
    {
      name: 'mint-link',
      title: 'Link from pool to mint',
      matters: true,
      remedy: 'See both logs; shares wait in the outbox, and nothing is lost',
      look() {
        const link = judgeLink(reported, 'pool', 'mint');
        const health = board.reports.of('pool')?.health;
        const oldest = Number(health?.oldest_unsent_ms ?? 0);
        if (link.state !== 'ok' || oldest <= OLD_OUTBOX_MS) return link;
        return failing(
          `the oldest of ${health?.outbox_depth} shares waits for ${Math.round(oldest / 1000)} s`,
        );
      },
    },
    diskProbe([statePath('.'), disk.folder], health.min_free_mib * MIB),
    backupProbe({ folder: health.backup_path, maxHours: health.backup_max_hours, clock: Date.now }),
    {
      name: 'recording',
      title: 'Recording of statistics',
      matters: false,
      remedy: 'See the disk and the log of the stats service; mining is not touched',
      look: () => (writer.trouble === undefined ? well('goes on') : failing(writer.trouble)),
    },
  ];
}
