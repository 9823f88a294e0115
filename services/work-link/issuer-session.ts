import type { PayoutRoom } from '../../domain/jobs/payouts.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import {
  type BlockState,
  type CoinbasePayouts,
  encodeBlockState,
  encodeCoinbasePayouts,
  encodeTerms,
  type OpenWorkLink,
  type SubmitWork,
  type WorkLinkMessage,
} from '../../protocols/ehash/work-link.ts';
import { unpackWorkRecords } from '../../protocols/ehash/work-record.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { LEASE_MS, leaseRequest, RENEWAL_MS } from './leases.ts';
import type { WorkLinkServerOptions } from './server.ts';
import type { SignatureWorker } from './signature-worker.ts';

/** From SetupConnection to OpenWorkLink. */
const OPEN_DEADLINE_MS = 10_000;
/** Submissions of one pool that may wait for the store; a pool of ours has fewer under way. */
const MAX_WAITING_SUBMITS = 16;

/** Of 255 bytes that a reason has room for. */
const SHORT = 80;
/** A refusal that its pool can't wait out: both configs are read at start. */
export const OTHER_REWARD_SCRIPT = 'other-reward-script';

/** What sessions of one server have in common. */
export interface SessionHouse {
  readonly options: WorkLinkServerOptions;
  readonly signatures: SignatureWorker;
  /** A session's pool has proven itself; an older session of the same outbox is to be closed. */
  opened(session: IssuerSession): void;
  closed(session: IssuerSession): void;
}

/** The mint's end of one pool's link. */
export class IssuerSession {
  readonly #connection: Sv2Connection<WorkLinkMessage>;
  readonly #house: SessionHouse;
  #state: 'waiting' | 'judging' | 'open' = 'waiting';
  #identity: OpenWorkLink | undefined;
  /** The server id that the pool has. */
  #leased: number | undefined;
  #payoutRoom: PayoutRoom | undefined;
  #renewal: NodeJS.Timeout | undefined;
  readonly #submits: SubmitWork[] = [];
  #storing = false;

  constructor(connection: Sv2Connection<WorkLinkMessage>, house: SessionHouse) {
    this.#connection = connection;
    this.#house = house;
    const deadline = setTimeout(() => {
      if (this.#state !== 'open') connection.close('no OpenWorkLink in time');
    }, house.options.openDeadlineMs ?? OPEN_DEADLINE_MS);
    connection.onMessage = (message) => this.#receive(message);
    void connection.closed.then(() => {
      clearTimeout(deadline);
      this.#release();
    });
  }

  /** Pool and outbox, once proven. */
  get identity(): OpenWorkLink | undefined {
    return this.#state === 'open' ? this.#identity : undefined;
  }

  /** What payouts may take in the pool's coinbases; undefined where it makes none. */
  get payoutRoom(): PayoutRoom | undefined {
    return this.#payoutRoom;
  }

  sendTerms(): void {
    if (!this.identity) return;
    const terms = this.#house.options.terms(this.identity.pool_id);
    if (terms) this.#connection.send(encodeTerms(terms));
  }

  sendBlock(block: BlockState): void {
    this.#connection.send(encodeBlockState(block));
  }

  sendPayouts(payouts: CoinbasePayouts): void {
    this.#connection.send(encodeCoinbasePayouts(payouts));
  }

  askForShares(hashesLe: readonly Uint8Array[]): void {
    this.#connection.send({ name: 'ShowShares', shares: hashesLe });
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  #receive(message: WorkLinkMessage): void {
    if (message.name === 'OpenWorkLink' && this.#state === 'waiting') {
      this.#state = 'judging';
      this.#judge(message).catch((error: unknown) => {
        this.#house.options.log.warn({ err: error }, `a pool could not be let in: ${messageOf(error)}`);
        this.#connection.close('internal error');
      });
      return;
    }
    if (message.name === 'SubmitWork' && this.identity) {
      this.#submit(message, this.identity);
      return;
    }
    if (message.name === 'CoinbaseRoom' && this.identity) {
      this.#payoutRoom = { size: message.max_size, sigops: message.max_sigops };
      this.#house.options.onPayoutRoom?.(this.identity.pool_id);
      return;
    }
    if (message.name === 'ShownShares' && this.identity) {
      this.#house.options.onShownShares?.(this.identity.pool_id, message.shares);
      return;
    }
    throw new HashpoolError('unexpected-message', `${message.name} is out of place on the work link`);
  }

  async #judge(claim: OpenWorkLink): Promise<void> {
    const refusal = await this.#refusalOf(claim);
    if (!this.#connection.isOpen) return;
    const { log } = this.#house.options;
    const wanted = claim.server_id;
    const server_id = this.#leased ?? wanted;
    const about = { pool: toHex(claim.pool_id), server_id, wanted, remote: this.#connection.remote };
    if (refusal) {
      log.warn(about, `work link refused: ${refusal.reason}`);
      this.#connection.send({ name: 'WorkLinkRefused', ...refusal });
      this.#connection.close(refusal.error_code);
      return;
    }
    this.#identity = claim;
    this.#state = 'open';
    log.info(about, 'work link is up');
    const renew = () => this.#renewLease(claim, server_id);
    this.#renewal = setInterval(renew, this.#house.options.leaseRenewalMs ?? RENEWAL_MS);
    this.#house.opened(this);
    this.#connection.send({ name: 'ServerIdLease', server_id });
    this.sendTerms();
    await this.#sendBlocks(claim.pool_id);
  }

  /** What changed while the link was down is among them. */
  async #sendBlocks(poolId: Uint8Array): Promise<void> {
    for (const block of await this.#house.options.blocks(poolId)) this.sendBlock(block);
  }

  /** Why a pool is not let in, or undefined where it is; then a server id is leased to it. */
  async #refusalOf(claim: OpenWorkLink): Promise<{ error_code: string; reason: string } | undefined> {
    const { pool_id, issuer_key, server_id, signature } = claim;
    const pool = this.#house.options.issuers(pool_id);
    if (!pool) return refuse('unknown-pool', `this mint has no [[pool]] with pool_id ${toHex(pool_id)}`);
    if (!pool.issuerKeys.some((key) => equalBytes(key, issuer_key))) {
      return refuse(
        'unknown-issuer',
        `issuer key ${toHex(issuer_key)} is not among issuer_keys of this pool`,
      );
    }
    const closed = this.#house.options.closed?.();
    if (closed !== undefined) return refuse('mint-frozen', shortened(closed));
    if (!this.#house.options.terms(pool_id)) {
      return refuse(
        'mint-not-ready',
        'the mint has not seen its bitcoind yet and opens its first epoch then',
      );
    }
    if (!pool.serverIds.includes(server_id)) {
      return refuse('unknown-server-id', `server_id ${server_id} is not among server_ids of this pool`);
    }
    const { handshakeHash } = this.#connection;
    const claimed = { issuerKey: issuer_key, signature, handshakeHash };
    if (!(await this.#house.signatures.call('verify', claimed))) {
      return refuse(
        'bad-issuer-signature',
        'the signature is not by the issuer key over this very handshake',
      );
    }
    const otherScript = scriptRefusal(claim.reward_script, pool.script);
    if (otherScript) return otherScript;
    if (!this.#connection.isOpen || (await this.#leaseAny(claim, pool.serverIds))) return undefined;
    return refuse(
      'server-id-in-use',
      `another pool, with an outbox of its own, mines with server_id ${server_id}, and no other of server_ids is free: add one for this pool, or wait until the other has been away for ${LEASE_MS / 1000} s`,
    );
  }

  /** Leases the server id that the pool asks for, or where another has it, the first of its list that is free. */
  async #leaseAny(claim: OpenWorkLink, serverIds: readonly number[]): Promise<boolean> {
    for (const serverId of new Set([claim.server_id, ...serverIds])) {
      if (!(await this.#lease(claim, serverId))) continue;
      this.#leased = serverId;
      return true;
    }
    return false;
  }

  #lease(claim: OpenWorkLink, serverId: number): Promise<boolean> {
    const { lease, clock = Date.now } = this.#house.options;
    return lease(leaseRequest(claim, serverId, clock()));
  }

  #renewLease(claim: OpenWorkLink, serverId: number): void {
    this.#lease(claim, serverId).then(
      (held) => held || this.#connection.close('its server_id belongs to another pool now'),
      (error: unknown) => this.#house.options.log.warn({ err: error }, 'a lease could not be renewed'),
    );
  }

  #submit(message: SubmitWork, identity: OpenWorkLink): void {
    if (!equalBytes(message.outbox_id, identity.outbox_id)) {
      throw new HashpoolError(
        'wrong-outbox',
        'SubmitWork.outbox_id is not the outbox that OpenWorkLink named',
      );
    }
    if (this.#submits.length >= MAX_WAITING_SUBMITS) {
      throw new HashpoolError(
        'window-exceeded',
        `more than ${MAX_WAITING_SUBMITS} SubmitWork await their WorkAck`,
      );
    }
    this.#submits.push(message);
    if (this.#storing) return;
    this.#storing = true;
    this.#storeAll(identity).catch((error: unknown) => {
      this.#house.options.log.warn(
        { err: error },
        `work could not be stored, the pool sends it again: ${messageOf(error)}`,
      );
      this.#connection.close('the work could not be stored');
    });
  }

  async #storeAll(identity: OpenWorkLink): Promise<void> {
    const { pool_id, outbox_id } = identity;
    for (let next = this.#submits[0]; next !== undefined; next = this.#submits[0]) {
      if (!this.#connection.isOpen) return;
      const records = unpackWorkRecords(next.records);
      const stored = await this.#house.options.onWork(pool_id, outbox_id, next.first_seq, records);
      this.#submits.shift();
      this.#connection.send({
        name: 'WorkAck',
        outbox_id,
        stored_seq: stored.storedSeq,
        backed_up_seq: stored.backedUpSeq,
        unplaced: stored.unplaced,
        refusals: stored.refusals,
      });
    }
    this.#storing = false;
  }

  #release(): void {
    this.#submits.length = 0;
    clearInterval(this.#renewal);
    this.#house.closed(this);
  }
}

/** Of a pool whose blocks would pay what the mint does not look for, so that nobody's ehash were backed by them. */
function scriptRefusal(claimed: Uint8Array, declared: Uint8Array = new Uint8Array()) {
  if (equalBytes(claimed, declared)) return undefined;
  const [its, ours] = [claimed, declared].map((script) =>
    script.length === 0 ? 'none, as with [[sv1_upstream]]' : shortened(toHex(script)),
  );
  return refuse(
    OTHER_REWARD_SCRIPT,
    `coinbase_reward_script is ${its} in the pool's config, and ${ours} in [[pool]] of the mint's`,
  );
}

function shortened(words: string): string {
  return words.slice(0, SHORT);
}

function refuse(error_code: string, reason: string) {
  return { error_code, reason };
}
