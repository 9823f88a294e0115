import { encodeBlock } from '../../../protocols/bitcoin/block.ts';
import { addWitness, coinbaseParts } from '../../../protocols/bitcoin/coinbase.ts';
import { decodeHeader, headerHashLe } from '../../../protocols/bitcoin/header.ts';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import type { TransactionOutput } from '../../../protocols/bitcoin/output.ts';
import { heightPush } from '../../../protocols/bitcoin/script.ts';
import { concatBytes, reversed, toHex, u32Le } from '../../../protocols/bytes.ts';
import type { KnownParent, Link, Tip } from '../../../roles/mint/chain/chain-view.ts';
import { RpcError } from '../../../runtime/rpc/errors.ts';

interface ScriptedBlock {
  readonly hashLe: Uint8Array;
  readonly hashBe: string;
  readonly header: string;
  readonly hex: string;
}

const NO_HASH = new Uint8Array(32);

/** A node whose chain a test writes. It answers as bitcoind does, from height 0 on. */
export class ScriptedChain {
  readonly network: NetworkName;
  /** The active chain. */
  readonly blocks: ScriptedBlock[] = [];
  /** Blocks below this height are pruned. */
  prunedBelow = 0;
  isSyncing = false;
  /** How often each method was asked. */
  readonly asked: Record<string, number> = {};
  /** Runs before an answer. */
  disturb: (method: string) => void = () => undefined;
  readonly #known = new Map<string, { block: ScriptedBlock; height: number }>();
  /** What was left, as getchaintips tells of it. */
  #left: { height: number; status: string } | undefined;
  #nonce = 0;

  constructor(network: NetworkName = 'regtest', height = 0) {
    this.network = network;
    this.mine(height + 1);
  }

  get tip(): Tip | undefined {
    const last = this.blocks.at(-1);
    return last && { height: this.blocks.length - 1, hashBe: last.hashBe, isSyncing: this.isSyncing };
  }

  /** Adds blocks to the tip; gives the last one's hash in header order. */
  mine(count = 1, outputs: readonly TransactionOutput[] = []): Uint8Array {
    for (let i = 0; i < count; i++) this.#add(outputs);
    return this.blocks.at(-1)?.hashLe ?? NO_HASH;
  }

  /** Leaves all blocks from this height on, for others to be mined, or as a node that has no more than their headers. */
  leave(height: number, status = 'headers-only'): ScriptedBlock[] {
    this.#left = { height: this.blocks.length - 1, status };
    return this.blocks.splice(height);
  }

  /** Leaves them as bitcoind's invalidateblock does. */
  invalidate(height: number): ScriptedBlock[] {
    return this.leave(height, 'invalid');
  }

  /** The block as a parent of work, by its hash in display order. */
  parent(hashBe: string): KnownParent | undefined {
    const known = this.#known.get(hashBe);
    return known && { height: known.height, time: 0, medianTime: 0, bits: 0x207fffff, start: undefined };
  }

  /** How a block hangs together with the chain. */
  async link(hashBe: string): Promise<Link | undefined> {
    const known = this.#known.get(hashBe);
    if (!known) return undefined;
    const prevHashBe = toHex(reversed(decodeHeader(Buffer.from(known.block.header, 'hex')).prevHashLe));
    return { prevHashBe, isActive: this.blocks[known.height] === known.block };
  }

  /** 80 bytes in hex. */
  headerOf(hashBe: string): string {
    return this.#known.get(hashBe)?.block.header ?? refuse(-5, 'Block not found');
  }

  /** Puts the branch that was left at a height in the place of the one that is there. */
  comeBackTo(height: number, branch: readonly ScriptedBlock[]): void {
    this.blocks.splice(height, this.blocks.length, ...branch);
  }

  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    this.disturb(method);
    this.asked[method] = (this.asked[method] ?? 0) + 1;
    const [first] = params;
    if (method === 'getblockhash') return this.#at(Number(first)).hashBe;
    if (method === 'getchaintips') return this.#tips();
    const { block, height } = this.#known.get(String(first)) ?? refuse(-5, 'Block not found');
    if (method === 'getblockheader') return block.header;
    if (height < this.prunedBelow) refuse(-1, 'Block not available (pruned data)');
    return block.hex;
  }

  #at(height: number): ScriptedBlock {
    return this.blocks[height] ?? refuse(-8, 'Block height out of range');
  }

  #tips(): object[] {
    const active = { height: this.blocks.length - 1, status: 'active' };
    return this.#left ? [active, this.#left] : [active];
  }

  #add(outputs: readonly TransactionOutput[]): void {
    const height = this.blocks.length;
    const { prefix, suffix } = coinbaseParts({
      version: 2,
      scriptPrefix: heightPush(height),
      tag: new Uint8Array(),
      extranonceLength: 4,
      sequence: 0,
      outputs,
      templateOutputs: new Uint8Array(),
      templateOutputsCount: 0,
      locktime: 0,
    });
    const nonce = ++this.#nonce;
    const header = {
      version: 4,
      prevHashLe: this.blocks.at(-1)?.hashLe ?? NO_HASH,
      merkleRootLe: NO_HASH,
      time: height,
      bits: 0x207fffff,
      nonce,
    };
    const bytes = encodeBlock(header, [addWitness(concatBytes(prefix, u32Le(nonce), suffix))]);
    const hashLe = headerHashLe(header);
    const hex = toHex(bytes);
    const block = { hashLe, hashBe: toHex(reversed(hashLe)), header: hex.slice(0, 160), hex };
    this.blocks.push(block);
    this.#known.set(block.hashBe, { block, height });
  }
}

function refuse(rpcCode: number, message: string): never {
  throw new RpcError('rpc-refused', message, { rpcCode });
}
