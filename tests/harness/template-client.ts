import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { coinbaseParts } from '../../protocols/bitcoin/coinbase.ts';
import { sha256d } from '../../protocols/bitcoin/hash.ts';
import { headerHashLe } from '../../protocols/bitcoin/header.ts';
import { foldMerklePath } from '../../protocols/bitcoin/merkle.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { compactToTarget, meetsTargetLe, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import { concatBytes, fromHex, reversed, toHex, utf8 } from '../../protocols/bytes.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import {
  type CoinbaseConstraints,
  type NewTemplate,
  openTemplateClient,
  type SetNewPrevHash,
  type Solution,
  type TemplateClient,
} from '../../services/template-client/client.ts';
import { PATIENCE_MS } from './patience.ts';

const POLL_MS = 10;

/** A template client that keeps what it is sent. */
export interface RecordingClient {
  readonly client: TemplateClient;
  readonly templates: NewTemplate[];
  readonly prevHashes: SetNewPrevHash[];
  readonly statuses: string[];
  /** The last prev hash and its template, once more than `pairs` prev hashes came. */
  pairAfter(pairs: number): Promise<{ template: NewTemplate; prevHash: SetNewPrevHash }>;
}

/** Connects to a template provider until the test ends. */
export async function recordingClient(
  t: Pick<TestContext, 'after'>,
  provider: { address: string; authorityKey: Uint8Array },
  coinbase: CoinbaseConstraints = { maxAdditionalSize: 100, maxAdditionalSigops: 4 },
): Promise<RecordingClient> {
  const workers = await openHandshakeWorkers();
  const templates: NewTemplate[] = [];
  const prevHashes: SetNewPrevHash[] = [];
  const statuses: string[] = [];
  const client = openTemplateClient({
    address: provider.address,
    authorityKey: provider.authorityKey,
    coinbase,
    workers,
    log: createLog('test', 'silent'),
    backoff: { firstMs: 20, maxMs: 100 },
    onTemplate: (template) => templates.push(template),
    onPrevHash: (prevHash) => prevHashes.push(prevHash),
    onStatus: (text) => statuses.push(text),
  });
  t.after(async () => {
    await client.close();
    await workers.close();
  });
  return {
    client,
    templates,
    prevHashes,
    statuses,
    async pairAfter(pairs) {
      await until(() => prevHashes.length > pairs, `prev hash number ${pairs + 1}`);
      const prevHash = prevHashes.at(-1);
      const template = templates.find(({ template_id }) => template_id === prevHash?.template_id);
      if (prevHash === undefined || template === undefined)
        throw new Error('a prev hash without its template');
      return { template, prevHash };
    },
  };
}

/** Waits until `condition` holds; throws naming `what` where it does not in time. */
export async function until(condition: () => boolean, what: string, limitMs = PATIENCE_MS): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`no ${what} within ${limitMs} ms`);
    await delay(POLL_MS);
  }
}

/** What a pool would do with a template: its own outputs, its tag, an extranonce. */
export interface SolveOptions {
  /** Takes the whole reward where left out, as one output that anybody can spend. */
  readonly outputs?: readonly TransactionOutput[];
  readonly tag?: string;
  readonly extranonce?: Uint8Array;
}

export interface SolvedTemplate {
  readonly solution: Solution;
  /** The block's hash in display order. */
  readonly hash: string;
}

/** Mines a template on regtest's own target, which takes two hashes; the coinbase is stripped. */
export function solve(
  template: NewTemplate,
  prevHash: SetNewPrevHash,
  options: SolveOptions = {},
): SolvedTemplate {
  const extranonce = options.extranonce ?? new Uint8Array(12);
  const value = template.coinbase_tx_value_remaining;
  const { prefix, suffix } = coinbaseParts({
    version: template.coinbase_tx_version,
    scriptPrefix: template.coinbase_prefix,
    tag: utf8(options.tag ?? 'test'),
    extranonceLength: extranonce.length,
    sequence: template.coinbase_tx_input_sequence,
    outputs: options.outputs ?? [{ value, script: fromHex('51') }],
    templateOutputs: template.coinbase_tx_outputs,
    templateOutputsCount: template.coinbase_tx_outputs_count,
    locktime: template.coinbase_tx_locktime,
  });
  const coinbase = concatBytes(prefix, extranonce, suffix);
  const target = targetToLeBytes(compactToTarget(prevHash.nBits));
  const header = {
    version: template.version,
    prevHashLe: prevHash.prev_hash,
    merkleRootLe: foldMerklePath(sha256d(coinbase), template.merkle_path),
    time: prevHash.header_timestamp,
    bits: prevHash.nBits,
    nonce: 0,
  };
  while (!meetsTargetLe(headerHashLe(header), target)) header.nonce++;
  return {
    hash: toHex(reversed(headerHashLe(header))),
    solution: {
      template_id: template.template_id,
      version: header.version,
      header_timestamp: header.time,
      header_nonce: header.nonce,
      coinbase_tx: coinbase,
    },
  };
}
