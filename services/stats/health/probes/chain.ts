import type { BitcoinRpc } from '../../../../runtime/rpc/client.ts';
import type { Job } from '../../api/schemas/job.ts';
import type { ChainBoard } from '../../live/chain-board.ts';
import { type Finding, failing, type Probe, unknown, well } from '../probe.ts';

/** A block comes every ten minutes; so long without one is rarer than once in a year. */
const STALE_TIP_SECONDS = 2 * 3600;
/** Jobs of the old tip are thrown away soon after a block; so long is trouble. */
const OLD_WORK_MS = 10_000;
const MOST_SKEW_SECONDS = 60;

/** The node's newest block. */
interface Tip {
  readonly hash: string;
  readonly height: number;
}

interface ChainParts {
  readonly rpc: BitcoinRpc;
  readonly network: string;
  readonly board: Pick<ChainBoard, 'job'>;
  /** Unix ms. */
  readonly clock: () => number;
}

/** The node, its work, and its clock against its peers'. */
export function chainProbes({ rpc, network, board, clock }: ChainParts): Probe[] {
  let tip: Tip | undefined;
  /** Since when the pool's work is not on the tip, Unix ms. */
  let strayed: number | undefined;
  const ask = async (method: string, signal: AbortSignal) =>
    (await rpc.call(method, [], { signal, retry: { attempts: 1 } })) as Record<string, unknown>;
  return [
    {
      name: 'chain',
      title: 'Bitcoin node',
      matters: true,
      remedy:
        "See the node's log, and whether its disk is full; the pool goes on with the last job for a while",
      async look(signal) {
        const info = await ask('getblockchaininfo', signal);
        const height = Number(info['blocks']);
        const hash = String(info['bestblockhash']);
        tip = { hash, height };
        return judgeChain(info, network, clock());
      },
    },
    {
      name: 'template',
      title: 'Block template',
      matters: true,
      remedy: 'See whether the template provider is connected to the node, and the pool to it',
      look() {
        const { job } = board;
        const isOff = job !== undefined && tip !== undefined && job.prev_hash !== tip.hash;
        // The two are seen at different moments: for a while either may know of a block that the other does not.
        strayed = isOff ? (strayed ?? clock()) : undefined;
        return judgeTemplate(job, tip, strayed, clock());
      },
    },
    {
      name: 'clock',
      title: 'Clock',
      matters: false,
      remedy: 'Set the time of this machine by NTP: blocks and certificates are judged by it',
      look: async (signal) =>
        judgeClock(await rpc.call('getpeerinfo', [], { signal, retry: { attempts: 1 } })),
    },
  ];
}

function judgeChain(info: Record<string, unknown>, network: string, now: number): Finding {
  const height = Number(info['blocks']);
  const headers = Number(info['headers']);
  if (info['initialblockdownload'] === true || height < headers) {
    return failing(`syncing: at block ${height} of ${headers}`);
  }
  const age = Math.round(now / 1000 - Number(info['time'] ?? now / 1000));
  if (network !== 'regtest' && age > STALE_TIP_SECONDS) {
    return failing(`its newest block, ${height}, is ${Math.round(age / 60)} minutes old`);
  }
  return well(`at block ${height}`);
}

function judgeTemplate(
  job: Job | undefined,
  tip: Tip | undefined,
  strayed: number | undefined,
  now: number,
): Finding {
  if (!job) return unknown('the pool has not told of a template yet');
  if (tip && strayed !== undefined && now - strayed > OLD_WORK_MS) {
    const seconds = Math.round((now - strayed) / 1000);
    return failing(
      `the pool mines on block ${job.height - 1}, the node is at ${tip.height}, since ${seconds} s`,
    );
  }
  return well(`for block ${job.height}, ${Math.round((now - job.received_at) / 1000)} s old`);
}

function judgeClock(peers: unknown): Finding {
  const offsets = (Array.isArray(peers) ? peers : [])
    .map((peer: { timeoffset?: unknown }) => peer.timeoffset)
    .filter((offset): offset is number => typeof offset === 'number')
    .toSorted((a, b) => a - b);
  const median = offsets[Math.floor(offsets.length / 2)];
  if (median === undefined) return unknown('the node has no peers to compare with');
  const words = `${Math.abs(median)} s ${median > 0 ? 'behind' : 'ahead of'} the node's peers`;
  return Math.abs(median) > MOST_SKEW_SECONDS ? failing(words) : well(words);
}
