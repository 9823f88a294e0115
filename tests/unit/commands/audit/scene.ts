import { createHash, randomBytes } from 'node:crypto';
import { auditMint } from '../../../../commands/audit/audit-mint.ts';
import type { ChainBlock, MintSource, NodeSource, Sample } from '../../../../commands/audit/sources.ts';
import { coinbaseParts } from '../../../../protocols/bitcoin/coinbase.ts';
import { sha256d } from '../../../../protocols/bitcoin/hash.ts';
import { encodeHeader } from '../../../../protocols/bitcoin/header.ts';
import { heightPush } from '../../../../protocols/bitcoin/script.ts';
import { leadingZeroBits } from '../../../../protocols/bitcoin/target.ts';
import { concatBytes, reversed, toHex } from '../../../../protocols/bytes.ts';
import { keysetId } from '../../../../protocols/cashu/nut02.ts';
import { keysetMark } from '../../../../protocols/ehash/keyset-mark.ts';
import {
  REPORT_FORMAT,
  type Report,
  type ReportedEpoch,
  rootText,
  type SignedReport,
  writeReport,
} from '../../../../protocols/ehash/report.ts';
import { reportHash } from '../../../../protocols/ehash/report-hash.ts';
import {
  SAMPLE_DEPTH,
  SAMPLE_SHARES,
  samplePoints,
  shareLeaf,
} from '../../../../protocols/ehash/share-leaf.ts';
import { SumTree } from '../../../../protocols/ehash/sum-tree.ts';
import { tokenLeaf } from '../../../../protocols/ehash/token-leaf.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

const REWARD = 1_000n;
export const SCRIPT = Uint8Array.of(0x51);

/** The height of the node's chain. */
export const TIP = 600;

export const nameOf = (height: number) => createHash('sha256').update(`block ${height}`).digest('hex');

/**
 * A mint of two epochs of 64 ehash and its two reports, as an auditor meets it; what it owes is nothing, so that no
 * reserve is asked for.
 */
export async function honestMint() {
  const { curve } = await loadCrypto();
  const secret = randomBytes(32);
  const identity = toHex(curve.publicKey(secret));
  const poolId = toHex(curve.publicKey(randomBytes(32)));
  const keys = new Map([[1n, curve.publicKey(randomBytes(32))]]);
  const shares = [100, 200].map((height) => Array.from({ length: 4 }, () => mineShare(nameOf(height + 50))));
  const epochs = [100, 200].map((height, i): ReportedEpoch => {
    const unit = `hash_${poolId}_${height}`;
    const { root } = SumTree.of((shares[i] ?? []).map(({ leaf }) => leaf));
    return {
      unit,
      keyset: keysetId({ keys, unit }),
      pool_id: poolId,
      reward_script: toHex(SCRIPT),
      opened: { height, hash: height === 100 ? null : nameOf(height) },
      closed: { height: height + 100, hash: nameOf(height + 100) },
      merged_into: null,
      priced_height: height + 200,
      policy: 'target',
      minimum_difficulty: 0,
      fee_ppm: 100_000,
      window_blocks: 1_000,
      sources: { coinbase: String(REWARD) },
      gifts: [],
      reward: String(REWARD),
      fee: '100',
      work: '64',
      shares: rootText(root),
    };
  });
  const reports = epochs.map((epoch, i): Report => {
    const signed = tokenLeaf(
      'issued',
      Buffer.from(epoch.keyset, 'hex'),
      curve.publicKey(randomBytes(32)),
      64n,
    );
    const tree = rootText(SumTree.of([signed]).root);
    return {
      format: REPORT_FORMAT,
      mint: identity,
      number: i + 1,
      previous: null,
      chain: { height: epoch.priced_height, hash: nameOf(epoch.priced_height) },
      epochs: [epoch],
      keysets: [{ keyset: epoch.keyset, unit: epoch.unit, issued: tree, spent: tree }],
      redemptions: [{ unit: epoch.unit, ehash: '64', sats: '900', is_over: false }],
      sats: {
        coinbase: String(-1_000 * (i + 1)),
        ehash: '0',
        fees: String(100 * (i + 1)),
        sat: String(900 * (i + 1)),
      },
    };
  });
  const sign = (text: string): SignedReport => ({
    text,
    signature: curve.schnorrSign(reportHash(text), secret, randomBytes(32)),
  });

  /** Signs them in their order, each with the hash of the one before. */
  function publish(contents: readonly Report[]): SignedReport[] {
    let previous: string | null = null;
    return contents.map((content) => {
      const signed = sign(writeReport({ ...content, previous }));
      previous = toHex(reportHash(signed.text));
      return signed;
    });
  }

  const mintOf = (signed: readonly SignedReport[]): MintSource => ({
    identity: async () => identity,
    reports: async () => signed,
    keyset: async (id) => {
      const unit = epochs.find(({ keyset }) => keyset === id)?.unit;
      return unit === undefined ? undefined : { unit, inputFeePpk: 0, finalExpiry: undefined, keys };
    },
    token: async () => undefined,
    share: async (report, quoteId) => {
      const mined = shares[report - 1] ?? [];
      const index = Number(quoteId.at(-1));
      const share = mined[index];
      if (!share) return undefined;
      const proof = SumTree.of(mined.map(({ leaf }) => leaf)).proof(index);
      return { amount: share.leaf.amount, k: share.k, salt: share.salt, proof };
    },
    sample: async (unit) => {
      const report = reports.find(({ epochs }) => epochs.some((epoch) => epoch.unit === unit));
      return report && sampleOf(shares[report.number - 1] ?? [], report);
    },
    reserve: async () => [],
  });
  const blocks = new Map<string, ChainBlock>(
    [200, 300, 306, 400, 406].map((height) => [
      nameOf(height),
      {
        hash: nameOf(height),
        height,
        header: new Uint8Array(80),
        coinbaseOutputs: outputsOf(epochs.find(({ closed }) => closed.height === height)),
      },
    ]),
  );
  const node: NodeSource = {
    height: async (hash) => blocks.get(hash)?.height ?? [150, 250].find((height) => nameOf(height) === hash),
    knows: async (hash) => blocks.has(hash),
    tip: async () => TIP,
    blockAt: async (height) => {
      if (height > TIP) return undefined;
      return blocks.get(nameOf(height)) ?? { hash: nameOf(height), coinbaseOutputs: [] };
    },
    block: async (hash) => blocks.get(hash),
    coin: async () => undefined,
    signatureTrouble: async () => undefined,
  };
  /** The quotes of a holder's shares, the first of each epoch. */
  const quotes = epochs.flatMap(({ unit }, i) => {
    const [share] = shares[i] ?? [];
    if (!share) return [];
    const request = toHex(reversed(sha256d(share.header)));
    const quote = '00000000-0000-7000-8000-000000000000';
    return [{ quote, request, unit, amount: 16, state: 'ISSUED', pubkey: toHex(share.key) }];
  });
  /** What an audit says of these reports. */
  const audit = (signed: readonly SignedReport[], more: Partial<Parameters<typeof auditMint>[0]> = {}) =>
    auditMint({ mint: mintOf(signed), node, curve, ...more });
  return { reports, publish, sign, audit, identity, blocks, node, mintOf, curve, quotes };
}

/** What the block pays that closed an epoch; nothing where it closed none. */
function outputsOf(epoch: ReportedEpoch | undefined) {
  if (!epoch) return [];
  return [
    { value: REWARD, script: SCRIPT },
    { value: 0n, script: keysetMark(Buffer.from(epoch.keyset, 'hex')) },
  ];
}

/** A share of 16 hashes that was really searched for, and what is shown of it. @param parent the block that it builds on */
function mineShare(parent: string) {
  const { prefix, suffix } = coinbaseParts({
    version: 2,
    scriptPrefix: heightPush(1),
    tag: new Uint8Array(),
    extranonceLength: 8,
    sequence: 0,
    outputs: [{ value: REWARD, script: SCRIPT }],
    templateOutputs: new Uint8Array(),
    templateOutputsCount: 0,
    locktime: 0,
  });
  const coinbase = concatBytes(prefix, randomBytes(8), suffix);
  const fields = { version: 2, prevHashLe: Buffer.from(parent, 'hex').reverse(), time: 0, bits: 0x207fffff };
  const key = new Uint8Array(33).fill(2);
  const salt = randomBytes(32);
  for (let nonce = 0; ; nonce++) {
    const header = encodeHeader({ ...fields, merkleRootLe: sha256d(coinbase), nonce });
    const hashLe = sha256d(header);
    if (leadingZeroBits(hashLe) < 4) continue;
    const leaf = shareLeaf({ hashLe, k: 4, key }, salt, 16n);
    return { header, k: 4, key, salt, coinbase, merklePath: [], leaf };
  }
}

/** What is shown of these shares where a block draws of them. */
function sampleOf(mined: readonly ReturnType<typeof mineShare>[], { chain }: Report): Sample {
  const tree = SumTree.of(mined.map(({ leaf }) => leaf));
  const height = chain.height + SAMPLE_DEPTH;
  const points = samplePoints(tree.root, Buffer.from(nameOf(height), 'hex').reverse(), SAMPLE_SHARES);
  const shares = points.map((point) => {
    const index = Number(point / 16n);
    const share = mined[index];
    return share && { ...share, proof: tree.proof(index) };
  });
  return { block: { height, hash: nameOf(height) }, shares };
}
