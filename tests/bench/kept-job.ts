import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DeclaredBlock } from '../../domain/job-declaration/declared-block.ts';
import { ENTRY_BYTES, KnownTransactions } from '../../domain/job-declaration/known-transactions.ts';
import { encodeOutputs } from '../../protocols/bitcoin/output.ts';
import { concatBytes, fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { judgeDeclaration } from '../../roles/jd-server/judge.ts';
import { fillIn, lookUp } from '../../roles/jd-server/missing.ts';
import { declarationOf, type NodeOffer } from '../harness/declared-job.ts';
import type { Figure } from './figure.ts';

/** What a declared job costs the jd-server to keep. */

const TRANSACTIONS = 4_000;
/** About a payment with one input and two outputs. */
const BYTES = 250;
const KEPT = 60;
const HEIGHT = 120;
const KIBI = 1024;
const POOL_SCRIPT = fromHex('51');

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** KiB on the heap and beside it, all garbage gone. */
function memory(): number {
  collect();
  // What the first has let go of takes buffers along.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / KIBI;
}

const hash = (): string => toHex(Uint8Array.from(randomBytes(32)));

function inventedOffer(): NodeOffer {
  const transactions = Array.from({ length: TRANSACTIONS }, () => ({
    data: toHex(Uint8Array.from(randomBytes(BYTES))),
    txid: hash(),
    hash: hash(),
    fee: 100,
  }));
  return {
    version: 0x2000_0000,
    height: HEIGHT,
    bits: '207fffff',
    curtime: 1_700_000_000,
    previousblockhash: hash(),
    coinbasevalue: 5_000_000_000,
    transactions,
  };
}

/** As in a session of the jd-server: out of the frame that it came in, by a node that says yes. */
async function kept(frame: Uint8Array, offer: NodeOffer, known: KnownTransactions): Promise<DeclaredBlock> {
  const { message } = jobDeclarationProtocol.decode(frame);
  if (message.name !== 'DeclareMiningJob') throw new Error(`${message.name} is no declaration`);
  const tip = {
    prevHashLe: reversed(fromHex(offer.previousblockhash)),
    height: offer.height,
    bits: Number.parseInt(offer.bits, 16),
    time: offer.curtime,
  };
  const answers = ['bad-cb-amount', undefined];
  const { block } = await judgeDeclaration(message, {
    rewardScript: POOL_SCRIPT,
    tipFor: async () => tip,
    transactionsOf: async (declaration) => fillIn(declaration, lookUp(declaration, known), []),
    propose: async () => answers.shift(),
  });
  return block;
}

export const keptJob: Figure = {
  name: 'memory of a declared job of 4,000 transactions that are known',
  unit: 'KiB',
  open() {
    const known = new KnownTransactions(TRANSACTIONS * (ENTRY_BYTES + BYTES));
    const offer = inventedOffer();
    for (const { txid, hash: wtxid, data } of offer.transactions)
      known.add({
        txidLe: reversed(fromHex(txid)),
        wtxidLe: reversed(fromHex(wtxid)),
        data: fromHex(data),
      });
    const outputs = concatBytes(Uint8Array.of(1), encodeOutputs([{ value: 0n, script: POOL_SCRIPT }]));
    const frame = jobDeclarationProtocol.encode(
      declarationOf(offer, {
        name: 'AllocateMiningJobToken.Success',
        request_id: 1,
        mining_job_token: new Uint8Array(148),
        coinbase_tx_outputs: outputs,
      }),
    );
    return {
      async run() {
        const before = memory();
        const jobs: DeclaredBlock[] = [];
        for (let i = 0; i < KEPT; i++) jobs.push(await kept(frame.slice(), offer, known));
        return { value: (memory() - before) / jobs.length };
      },
    };
  },
};
