import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { coinbaseParts } from '../../protocols/bitcoin/coinbase.ts';
import { scriptFromDescriptor } from '../../protocols/bitcoin/descriptor.ts';
import { sha256d } from '../../protocols/bitcoin/hash.ts';
import { encodeHeader } from '../../protocols/bitcoin/header.ts';
import { heightPush } from '../../protocols/bitcoin/script.ts';
import { leadingZeroBits } from '../../protocols/bitcoin/target.ts';
import { concatBytes, fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import type { CoinbasePayouts, Terms } from '../../protocols/ehash/work-link.ts';
import { packWorkRecord, WORK_RECORD_BYTES } from '../../protocols/ehash/work-record.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { openWorkLinkClient, type WorkSource } from '../../services/work-link/client.ts';
import type { TestNode } from './bitcoind.ts';
import type { TestMintProcess } from './mint.ts';

/** A coinbase that no other share has, and that pays a satoshi. */
function shareCoinbase(script: Uint8Array): Uint8Array {
  const { prefix, suffix } = coinbaseParts({
    version: 2,
    scriptPrefix: heightPush(1),
    tag: new Uint8Array(),
    extranonceLength: 8,
    sequence: 0,
    outputs: [{ value: 1n, script }],
    templateOutputs: new Uint8Array(),
    templateOutputsCount: 0,
    locktime: 0,
  });
  return concatBytes(prefix, randomBytes(8), suffix);
}

/** A pool's outbox in memory, linked to a mint: what a test puts in arrives there as work. */
export class TestOutbox implements WorkSource {
  readonly outboxId = randomBytes(16);
  storedSeq = 0;
  /** Up to where the mint says that no loss of its database takes work away. */
  backedUpSeq = 0;
  readonly refusals: { seq: bigint; reason: string }[] = [];
  terms: Terms | undefined;
  /** To which the coinbases of shares pay; without it they have none that could be shown. */
  paysTo: Uint8Array | undefined;
  /** By hash of the share. */
  readonly #coinbases = new Map<string, { header: Uint8Array; coinbase: Uint8Array }>();
  /** What the mint has told last that blocks are to pay. */
  payouts: CoinbasePayouts | undefined;
  readonly #records: Uint8Array[] = [];
  #wake: () => void = () => undefined;
  #changed: () => void = () => undefined;

  get lastSeq(): number {
    return this.#records.length;
  }

  async read(firstSeq: number, limit: number): Promise<Uint8Array> {
    return Buffer.concat(this.#records.slice(firstSeq - 1, firstSeq - 1 + limit));
  }

  async acknowledged({
    storedSeq,
    backedUpSeq,
    refusals,
  }: Parameters<WorkSource['acknowledged']>[0]): Promise<void> {
    this.storedSeq = storedSeq;
    this.backedUpSeq = backedUpSeq;
    this.refusals.push(...refusals);
    this.#changed();
  }

  /** Opens a link, one more where there is one; it closes with the test. */
  async link(t: Pick<TestContext, 'after'>, mint: TestMintProcess): Promise<void> {
    const { curve } = await loadCrypto();
    const workers = await openHandshakeWorkers();
    const client = await openWorkLinkClient({
      host: '127.0.0.1',
      port: mint.workLinkPort,
      authorityKey: mint.authorityKey,
      poolId: mint.poolId,
      serverId: 1,
      issuerSecretKey: mint.issuerSecretKey,
      rewardScript:
        mint.rewardScript === '' ? undefined : scriptFromDescriptor(mint.rewardScript, 'regtest', curve),
      source: this,
      workers,
      log: createLog('test pool', 'silent'),
      backoff: { firstMs: 50, maxMs: 200 },
      payoutRoom: { size: 10_000, sigops: 1_000 },
      onPayouts: (payouts) => {
        this.payouts = payouts;
      },
      onShowShares: async (hashesLe) =>
        hashesLe.flatMap((hash) => {
          const found = this.#coinbases.get(toHex(hash));
          return found ? [{ ...found, merkle_path: [] }] : [];
        }),
      onTerms: async (terms) => {
        this.terms = terms;
        this.#changed();
      },
    });
    const wakeOthers = this.#wake;
    this.#wake = () => {
      wakeOthers();
      client.wake();
    };
    t.after(async () => {
      await client.close();
      await workers.close();
    });
  }

  /** Adds a share of k zero bits on the node's tip, locked to `key`, whose header was really searched for. */
  async mine(node: TestNode, key: Uint8Array, k: number): Promise<{ hashBe: Uint8Array }> {
    const prevHashBe = String(await node.rpc.call('getbestblockhash'));
    const { mediantime } = (await node.rpc.call('getblockheader', [prevHashBe])) as { mediantime: number };
    return this.mineOn({ prevHashBe, time: Math.max(Math.floor(Date.now() / 1000), mediantime + 1) }, key, k);
  }

  /** The same on any block, at any time. */
  async mineOn(
    on: { prevHashBe: string; time: number },
    key: Uint8Array,
    k: number,
  ): Promise<{ hashBe: Uint8Array }> {
    const { hash } = await loadCrypto();
    for (;;) {
      const coinbase = this.paysTo && shareCoinbase(this.paysTo);
      const header = encodeHeader({
        version: 0x20000000,
        prevHashLe: reversed(fromHex(on.prevHashBe)),
        merkleRootLe: coinbase ? hash.sha256d(coinbase) : randomBytes(32),
        time: on.time,
        bits: 0x207fffff,
        nonce: 0,
      });
      const nonce = hash.scanNonces(header, 0, 1 << 20, k);
      if (nonce === undefined) continue;
      new DataView(header.buffer).setUint32(76, nonce, true);
      this.add(header, key, k, coinbase);
      return { hashBe: reversed(hash.sha256d(header)) };
    }
  }

  /** Adds a share that was found elsewhere. @param header 80 bytes @param coinbase the only transaction of its block */
  add(header: Uint8Array, key: Uint8Array, k: number, coinbase?: Uint8Array): void {
    if (coinbase) this.#coinbases.set(toHex(sha256d(header)), { header, coinbase });
    const record = new Uint8Array(WORK_RECORD_BYTES);
    packWorkRecord(record, 0, header, k, key);
    this.#records.push(record);
    this.#wake();
  }

  /** Finds a block that pays to `address`, and has it stored as a share before the node sees it. @returns its hash in display order */
  async findBlock(node: TestNode, key: Uint8Array, address: string): Promise<string> {
    const found = (await node.rpc.call('generateblock', [address, [], false])) as {
      hash: string;
      hex: string;
    };
    const header = fromHex(found.hex.slice(0, 160));
    this.add(header, key, leadingZeroBits(reversed(fromHex(found.hash))));
    await this.stored();
    await node.rpc.call('submitblock', [found.hex]);
    return found.hash;
  }

  /** Resolves when the mint has stored everything. */
  async stored(): Promise<void> {
    while (this.storedSeq < this.lastSeq) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}
