import { encodeBlock } from '../../protocols/bitcoin/block.ts';
import { coinbaseParts } from '../../protocols/bitcoin/coinbase.ts';
import { sha256d } from '../../protocols/bitcoin/hash.ts';
import { headerHashLe } from '../../protocols/bitcoin/header.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { heightPush } from '../../protocols/bitcoin/script.ts';
import { concatBytes, fromHex, reversed, toHex, u32Le } from '../../protocols/bytes.ts';
import type { TestNode } from './bitcoind.ts';

/** What `coinbase_reward_script` is in the config of test mints. */
const POOL_SCRIPT = fromHex('51');
const ELSEWHERE = fromHex('52');
const BITS = 0x207fffff;

/** A block as a test knows it. */
export interface MinedBlock {
  /** Display order. */
  readonly hash: string;
  readonly header: Uint8Array;
  readonly height: number;
  /** Without witness. */
  readonly coinbase: Uint8Array;
}

/** What a block of the pool's has besides. */
export interface BlockChoice {
  /** To which it pays; that of test mints unless given. */
  readonly script?: Uint8Array;
  /** A script that pays nothing. */
  readonly mark?: Uint8Array;
  /** Whom it pays out of the rest. */
  readonly payouts?: readonly TransactionOutput[];
}

/**
 * Mines a block on the node's tip that pays so many satoshis to the pool's script, and the rest of a regtest reward
 * elsewhere.
 * @param value all unless given
 */
export async function mineForPool(
  node: TestNode,
  value?: bigint,
  { script = POOL_SCRIPT, mark, payouts = [] }: BlockChoice = {},
): Promise<MinedBlock> {
  const template = (await node.rpc.call('getblocktemplate', [{ rules: ['segwit'] }])) as {
    previousblockhash: string;
    height: number;
    coinbasevalue: number;
    mintime: number;
    curtime: number;
    version: number;
  };
  const { height } = template;
  const whole = BigInt(template.coinbasevalue);
  const paid = value ?? whole;
  const rest = payouts.reduce((left, output) => left - output.value, whole - paid);
  const { prefix, suffix } = coinbaseParts({
    version: 2,
    scriptPrefix: heightPush(height),
    tag: new Uint8Array(),
    extranonceLength: 4,
    sequence: 0,
    outputs: [
      { value: paid, script },
      { value: rest, script: ELSEWHERE },
      ...payouts,
      ...(mark ? [{ value: 0n, script: mark }] : []),
    ],
    templateOutputs: new Uint8Array(),
    templateOutputsCount: 0,
    locktime: 0,
  });
  const coinbase = concatBytes(prefix, u32Le(Math.floor(Math.random() * 2 ** 32)), suffix);
  for (let nonce = 0; ; nonce++) {
    const header = {
      version: template.version,
      prevHashLe: reversed(fromHex(template.previousblockhash)),
      merkleRootLe: sha256d(coinbase),
      time: Math.max(template.curtime, template.mintime),
      bits: BITS,
      nonce,
    };
    const hash = reversed(headerHashLe(header));
    // Regtest's target: the highest bit is zero.
    if ((hash[0] ?? 255) > 127) continue;
    const bytes = encodeBlock(header, [coinbase]);
    const answer = await node.rpc.call('submitblock', [toHex(bytes)]);
    if (answer !== null) throw new Error(`the node refused a block: ${String(answer)}`);
    return { hash: toHex(hash), header: bytes.subarray(0, 80), height, coinbase };
  }
}
