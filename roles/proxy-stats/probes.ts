import { decodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { type Finding, failing, type Probe, well } from '../../services/stats/health/probe.ts';
import { backupProbe, diskProbe } from '../../services/stats/health/probes/machine.ts';
import { looksUpMint, looksUpSv1, looksUpSv2 } from '../../services/stats/health/probes/reachable.ts';
import { judgeLink, judgeReport } from '../../services/stats/health/probes/reported.ts';
import type { ProbeParts } from '../../services/stats/service.ts';
import type { ProxyStatsContext } from './start.ts';
import type { WalletLink } from './wallet-link.ts';

const MIB = 1024 ** 2;

interface Parts extends ProbeParts {
  /** Where there is a jd-client to look at. */
  readonly workers: HandshakeWorkers | undefined;
}

/** All that the client side depends on. */
export function proxyProbes(
  context: ProxyStatsContext,
  { board, writer, disk, begun, workers }: Parts,
  wallet: WalletLink | undefined,
): Probe[] {
  const { config, shared, statePath } = context;
  const { host, port } = hostAndPort(config.probes.translator_address);
  const { health } = config;
  const reported = { reports: board.reports, clock: Date.now, begun };
  const walletProbe: Probe[] = wallet
    ? [
        {
          name: 'wallet',
          title: 'Wallet',
          matters: false,
          remedy: "See the translator's log: the wallet lies there",
          async look() {
            await wallet.balance();
            return well('answers');
          },
        },
      ]
    : [];
  return [
    {
      name: 'translator',
      title: 'Translator',
      matters: true,
      remedy: "See the translator's log: miners can't connect",
      async look(signal) {
        const found = await looksUpSv1(host, port, signal);
        const report = judgeReport(reported, 'translator');
        return report.state === 'failing' ? report : found;
      },
    },
    ...ownJobs(context, workers, () => judgeLink(reported, 'jd-client', 'pool')),
    {
      name: 'upstream',
      title: 'Link to the pool',
      matters: true,
      remedy:
        'See whether the pool is up and its address and key are right; shares are kept and sent when it is back',
      look: () => judgeLink(reported, 'translator', 'pool'),
    },
    {
      name: 'mint',
      title: 'Mint',
      matters: true,
      remedy: 'Nothing is lost: the wallet collects when the mint is back; mining goes on',
      look: (signal) => looksUpMint(shared.mint.url, signal),
    },
    ...walletProbe,
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

function ownJobs(
  { config, log, read }: ProxyStatsContext,
  workers: HandshakeWorkers | undefined,
  judgePay: () => Finding,
): Probe[] {
  const { jdc_address: address, jdc_authority_public_key: key } = config.probes;
  if (address === undefined || workers === undefined) return [];
  const authorityKey = decodeAuthorityPublicKey(read(key));
  return [
    {
      name: 'jd-client',
      title: "The miners' own jobs",
      matters: true,
      remedy: "See the jd-client's log: its status says what it waits for, and for whom is mined meanwhile",
      look: (signal) => looksUpSv2({ kind: 'mining', address, authorityKey, workers, log }, signal),
    },
    {
      name: 'jd-client-pool',
      title: "Pay for the miners' own jobs",
      // Mining goes on without: solo.
      matters: false,
      remedy:
        'See whether the pool and its jd-server are up and take our jobs; miners are moved back by themselves when they do',
      look: judgePay,
    },
  ];
}
