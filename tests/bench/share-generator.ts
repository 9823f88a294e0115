import { utf8 } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';

/**
 * A process that submits shares as fast as they are answered, as many on each of its Noise connections:
 *
 *     share-generator.ts PORT standard|extended CONNECTIONS
 *
 * Its parent is told when it is ready, sends `{ shares }` for each run and gets `{ accepted, stale }` when so many were
 * answered true, and whenever it sends `{ howMany: true }`. A rejected share ends it, but for one that came too late
 * for its tip.
 */

/** Shares that may be unanswered at once on all connections, and at least on each. */
const WINDOW = 4096;
const LEAST_WINDOW = 16;
/** Connections that are opened at once. */
const AT_ONCE = 50;

const [port, kind, connections] = process.argv.slice(2);
const number = Number(connections);
const { curve } = await loadCrypto();
const user_identity = encodeHpub(curve.publicKey(utf8('the key that all of these shares')));
const limit = Math.max(LEAST_WINDOW, Math.floor(WINDOW / number));
const maxTarget = new Uint8Array(32).fill(0xff);

/** One connection with one channel. */
class Generator {
  readonly #connection: Sv2Connection<MiningMessage>;
  readonly #ready: () => void;
  readonly #answered: (accepted: number, stale: number) => void;
  #channel = { id: 0, extranonce: new Uint8Array(0) };
  #job = { id: 0, version: 0, ntime: 0 };
  /** Announced for the tip to come. */
  #next = this.#job;
  #sent = 0;
  #unanswered = 0;
  #wanted = 0;

  private constructor(
    connection: Sv2Connection<MiningMessage>,
    ready: () => void,
    answered: (accepted: number, stale: number) => void,
  ) {
    this.#connection = connection;
    this.#ready = ready;
    this.#answered = answered;
    connection.onMessage = (message) => this.#take(message);
    connection.onDrained = () => this.#submit();
    const wish = { request_id: 1, user_identity, nominal_hash_rate: 1, max_target: maxTarget };
    connection.send(
      kind === 'standard'
        ? { name: 'OpenStandardMiningChannel', ...wish }
        : { name: 'OpenExtendedMiningChannel', ...wish, min_extranonce_size: 8 },
    );
  }

  static async open(
    workers: HandshakeWorkers,
    answered: (accepted: number, stale: number) => void,
  ): Promise<Generator> {
    const connection = await connectSv2<MiningMessage>({
      host: '127.0.0.1',
      port: Number(port),
      protocol: miningProtocol,
      authorityKey: undefined,
      setup: { protocol: MINING_PROTOCOL },
      frameCap: 1 << 16,
      workers,
      log: createLog('share-generator', 'silent'),
    });
    return new Promise((resolve) => {
      const generator = new Generator(connection, () => resolve(generator), answered);
    });
  }

  submit(shares: number): void {
    this.#wanted += shares;
    this.#submit();
  }

  #take(message: MiningMessage): void {
    switch (message.name) {
      case 'OpenExtendedMiningChannel.Success':
        this.#channel = { id: message.channel_id, extranonce: new Uint8Array(message.extranonce_size) };
        break;
      case 'OpenStandardMiningChannel.Success':
        this.#channel = { id: message.channel_id, extranonce: new Uint8Array(0) };
        break;
      case 'NewExtendedMiningJob':
      case 'NewMiningJob':
        this.#next = { id: message.job_id, version: message.version, ntime: 0 };
        break;
      case 'SetNewPrevHash':
        this.#job = { ...this.#next, ntime: message.min_ntime };
        this.#ready();
        break;
      case 'SubmitShares.Success':
        this.#unanswered -= message.new_submits_accepted_count;
        this.#answered(message.new_submits_accepted_count, 0);
        break;
      case 'SubmitShares.Error':
        if (message.error_code !== 'stale-share') throw new Error(message.error_code);
        this.#unanswered--;
        this.#wanted++;
        this.#answered(0, 1);
        break;
      case 'OpenMiningChannel.Error':
        throw new Error(message.error_code);
      default:
    }
  }

  /** Sends in lots of an eighth of the window, so that many shares go into one write. */
  #submit(): void {
    if (this.#unanswered > limit - limit / 8) return;
    for (; this.#wanted > 0 && this.#unanswered < limit; this.#wanted--, this.#unanswered++) {
      const nonce = this.#sent++;
      const { id: channel_id, extranonce } = this.#channel;
      const { id: job_id, version, ntime } = this.#job;
      const share = { channel_id, sequence_number: nonce, job_id, nonce, ntime, version };
      this.#connection.send(
        kind === 'standard'
          ? { name: 'SubmitSharesStandard', ...share }
          : { name: 'SubmitSharesExtended', ...share, extranonce },
      );
    }
  }
}

let accepted = 0;
let stale = 0;
let wanted = 0;
const tell = (): void => void process.send?.({ accepted, stale });
const count = (more: number, late: number): void => {
  accepted += more;
  stale += late;
  if (more > 0 && accepted === wanted) tell();
};
const workers = await openHandshakeWorkers();
const generators: Generator[] = [];
while (generators.length < number) {
  const next = Array.from({ length: Math.min(AT_ONCE, number - generators.length) }, () =>
    Generator.open(workers, count),
  );
  generators.push(...(await Promise.all(next)));
}
process.on('message', (request: { shares: number } | { howMany: true }) => {
  if ('howMany' in request) {
    tell();
    return;
  }
  wanted += request.shares;
  for (const generator of generators) generator.submit(request.shares / number);
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
