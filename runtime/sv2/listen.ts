import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { equalBytes } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Protocol } from '../../protocols/sv2/codec.ts';
import type { SetupAnswer, SetupConnection, SetupConnectionSuccess } from '../../protocols/sv2/common.ts';
import { threadCipher } from '../cipher.ts';
import { Admissions } from './admissions.ts';
import { type AnyMessage, messageConnection, type Sv2Connection } from './connection.ts';
import { respondOn } from './handshake.ts';
import type { HandshakeWorkers } from './handshake-workers.ts';
import { DEFAULT_LIMITS, KEEP_ALIVE, type Sv2Limits, wallClock } from './limits.ts';
import { NoiseLink } from './link.ts';
import type { Log } from './log.ts';
import { answerSetup } from './setup.ts';
import { asLinkError, deadline, remoteOf } from './socket.ts';

export interface ListenOptions<M extends AnyMessage> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly protocol: Protocol<M>;
  /** The authority that signs this server's certificates: 32 bytes x-only, 32 bytes. */
  readonly keys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  /** Life of a certificate, counted from a moment at most a tenth of it before the handshake. */
  readonly certificateSeconds: number;
  /** The longest payload taken from a client, in bytes. */
  readonly frameCap: number;
  readonly workers: HandshakeWorkers;
  readonly limits?: Partial<Sv2Limits>;
  readonly log: Log;
  /** Unix seconds, for the certificates. */
  readonly now?: () => number;
  /** Judges a client; judgeSetup of protocols/sv2/common.ts does it by protocol, version and flags. */
  accept(setup: SetupConnection, remote: string): SetupAnswer;
  /** Takes a connection that is set up; nothing is read from it until its onMessage is set. */
  onConnection(connection: Sv2Connection<M>): void;
}

export interface Sv2Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Open connections, handshakes included. */
  readonly connections: number;
  /** Stops listening, hangs up on everybody, and resolves when all are gone. */
  close(): Promise<void>;
}

/**
 * Listens for Stratum V2 clients over Noise. Accepting never waits for a handshake, and whatever a client does or
 * fails to do ends its own connection alone.
 * @throws HashpoolError `cannot-listen`, `bad-authority-key`
 */
export async function listenSv2<M extends AnyMessage>(options: ListenOptions<M>): Promise<Sv2Listener> {
  const { host, port, keys, log } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const cipher = await threadCipher();
  // Clients could say no more than that the certificate is forged; here the mistake can be named.
  if (!equalBytes(await options.workers.call('authorityKey', keys.secretKey), keys.publicKey)) {
    throw new HashpoolError(
      'bad-authority-key',
      'authority_secret_key does not belong to authority_public_key',
    );
  }
  const admissions = new Admissions(limits, log);
  const handshaking = new Set<Socket>();
  const links = new Set<NoiseLink>();
  const server = createServer({ noDelay: true, ...KEEP_ALIVE }, (socket) => {
    if (admissions.admit(socket)) void welcome(socket);
  });

  async function welcome(socket: Socket): Promise<void> {
    const remote = remoteOf(socket);
    socket.on('error', (error) => log.debug({ remote }, error.message));
    handshaking.add(socket);
    let cancel = deadline(socket, limits.handshakeMs, 'Noise handshake');
    try {
      const terms = { authoritySecret: keys.secretKey, seconds: options.certificateSeconds };
      const handshake = await respondOn(socket, options.workers, terms, (options.now ?? wallClock)());
      cancel();
      cancel = deadline(socket, limits.setupMs, 'SetupConnection');
      const { frameCap } = options;
      const { queuedBytes } = limits;
      const link = new NoiseLink({ socket, role: 'responder', handshake, cipher, frameCap, queuedBytes });
      handshaking.delete(socket);
      links.add(link);
      void link.closed.then(() => links.delete(link));
      const { setup, accepted } = await answerSetup(link, (request) => options.accept(request, remote));
      cancel();
      deliver(link, setup, accepted);
    } catch (error) {
      cancel();
      handshaking.delete(socket);
      const { code, message } = asLinkError(error);
      // Who connects and leaves is a probe, and may come every second.
      log[code === 'sv2-closed' ? 'debug' : 'info']({ remote, code }, `connection not set up: ${message}`);
      // Refused clients are still being sent the reason.
      if (code !== 'sv2-refused') socket.destroy();
    }
  }

  function deliver(link: NoiseLink, setup: SetupConnection, accepted: SetupConnectionSuccess): void {
    const { remote } = link;
    const ignored = (text: string) => log.debug({ remote }, `ignored an unknown message: ${text}`);
    const connection = messageConnection({ link, protocol: options.protocol, setup, accepted, ignored });
    void link.closed.then(({ code, reason, error }) => {
      const line = `connection closed: ${reason}`;
      if (error === undefined) log.debug({ remote, code }, line);
      else if (code === 'internal') log.warn({ remote, code, err: error.cause }, line);
      else log.info({ remote, code }, line);
    });
    link.guard(() => options.onConnection(connection));
  }

  await listenOn(server, host, port);
  server.on('error', (error) => log.warn({ error: error.message }, 'accepting a connection failed'));

  return {
    get address() {
      const bound = server.address() as AddressInfo;
      return { host: bound.address, port: bound.port };
    },
    get connections() {
      return admissions.count;
    },
    async close() {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      const ended = [...links].map((link) => link.closed);
      for (const link of links) link.close('the server is stopping');
      for (const socket of handshaking) socket.destroy();
      await Promise.all([stopped, ...ended]);
    },
  };
}

async function listenOn(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(
        new HashpoolError('cannot-listen', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      );
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
