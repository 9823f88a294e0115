import { once } from 'node:events';
import { connect } from 'node:net';
import { HashpoolError, messageOf } from '../../../../protocols/errors.ts';
import {
  JOB_DECLARATION_PROTOCOL,
  MINING_PROTOCOL,
  setupProtocol,
  TEMPLATE_DISTRIBUTION_PROTOCOL,
} from '../../../../protocols/sv2/common.ts';
import { DECLARE_TX_DATA } from '../../../../protocols/sv2/job-declaration.ts';
import { hostAndPort } from '../../../../runtime/config/address.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import { connectSv2 } from '../../../../runtime/sv2/connect.ts';
import type { HandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import { type Finding, well } from '../probe.ts';

const FRAME_CAP = 1 << 20;
const LONGEST_ANSWER = 4096;

/** How a client of each kind of server introduces itself. */
const SETUPS = {
  mining: { protocol: MINING_PROTOCOL, flags: 0 },
  templates: { protocol: TEMPLATE_DISTRIBUTION_PROTOCOL, flags: 0 },
  declarations: { protocol: JOB_DECLARATION_PROTOCOL, flags: DECLARE_TX_DATA },
};

/** A Stratum V2 server, as its clients meet it. */
export interface Sv2Target {
  readonly kind: keyof typeof SETUPS;
  readonly address: string;
  /** 32 bytes x-only; undefined: whoever answers is believed. */
  readonly authorityKey: Uint8Array | undefined;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
}

/** Connects as a client does, up to SetupConnection's answer, and leaves. */
export async function looksUpSv2(target: Sv2Target, signal: AbortSignal): Promise<Finding> {
  const { kind, address, authorityKey, workers, log } = target;
  const connection = await connectSv2({
    ...hostAndPort(address),
    protocol: setupProtocol,
    authorityKey,
    setup: { ...SETUPS[kind], device_id: 'hashpool stats' },
    frameCap: FRAME_CAP,
    workers,
    log,
    signal,
  });
  connection.close('a probe');
  return well(`lets clients in at ${address}`);
}

/** Asks a Stratum V1 server for `mining.ping`, which needs no subscription. */
export async function looksUpSv1(host: string, port: number, signal: AbortSignal): Promise<Finding> {
  const socket = connect({ host, port });
  const abort = () => socket.destroy(new HashpoolError('probe-late', 'no answer'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, 'connect');
    socket.setEncoding('utf8');
    socket.write('{"id":1,"method":"mining.ping","params":[]}\n');
    let answer = '';
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes('\n') || answer.length > LONGEST_ANSWER) break;
    }
    if (answer.includes('pong')) return well(`answers miners at ${host}:${port}`);
    throw new HashpoolError('bad-answer', `what listens at ${host}:${port} is no translator`);
  } catch (cause) {
    throw new HashpoolError('sv1-unreachable', `${host}:${port}: ${messageOf(cause)}`, { cause });
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Asks a mint for what it is (NUT-06). */
export async function looksUpMint(url: string, signal: AbortSignal): Promise<Finding> {
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/$/, '')}/v1/info`, { signal });
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause ? messageOf(cause.cause) : messageOf(cause);
    throw new HashpoolError('mint-unreachable', `${url} does not answer: ${reason}`, { cause });
  }
  await response.body?.cancel();
  if (!response.ok) throw new HashpoolError('mint-failing', `${url} answers with status ${response.status}`);
  return well(`answers at ${url}`);
}
