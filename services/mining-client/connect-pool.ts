import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import type { Logger } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { negotiateExtensions } from '../../runtime/sv2/extensions.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { MiningUpstream } from './client.ts';

/** Longest message taken from a pool: a job with its coinbase and merkle path is far below. */
const FRAME_CAP = 256 * 1024;

export interface PoolConnectOptions {
  /** SetupConnection.flags, from protocols/sv2/mining.ts. */
  readonly flags: number;
  readonly deviceId: string;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
}

/**
 * Connects to a pool and agrees on extensions. A share sent without its key would be paid to somebody else, so a pool that
 * is to pay in ehash and does not agree to it, be it only by answering late, is not mined with.
 * @throws HashpoolError 'no-ehash', or as connectSv2 and negotiateExtensions
 */
export async function connectPool(
  { host, port, authorityKey, paysEhash }: MiningUpstream,
  { flags, deviceId, workers, log }: PoolConnectOptions,
  signal: AbortSignal,
): Promise<Sv2Connection<MiningMessage>> {
  const connection = await connectSv2({
    host,
    port,
    protocol: miningProtocol,
    authorityKey,
    setup: { protocol: MINING_PROTOCOL, flags, device_id: deviceId },
    frameCap: FRAME_CAP,
    workers,
    log,
    signal,
  });
  const spoken = [WORKER_NAME_EXTENSION, EHASH_EXTENSION];
  const wanted = paysEhash ? spoken : [WORKER_NAME_EXTENSION];
  try {
    const agreed = await negotiateExtensions(connection, wanted, { spoken });
    if (!paysEhash || agreed.has(EHASH_EXTENSION)) return connection;
    const message = `${host}:${port} did not agree to the ehash extension; if it is no hashpool, set pays_ehash = false`;
    throw new HashpoolError('no-ehash', message);
  } catch (error) {
    connection.close('not usable');
    throw error;
  }
}
