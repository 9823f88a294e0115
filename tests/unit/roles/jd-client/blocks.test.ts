import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { BlockFile } from '../../../../roles/jd-client/blocks/block-file.ts';
import { Blocks } from '../../../../roles/jd-client/blocks/blocks.ts';
import type { LateOutcome } from '../../../../roles/jd-client/blocks/declare-late.ts';
import type { KeptBlock } from '../../../../roles/jd-client/blocks/kept-block.ts';
import { until } from '../../../harness/template-client.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const RETRY_MS = 5;
const bytes = (fill: number, length: number) => new Uint8Array(length).fill(fill);

/** @param fill tells blocks apart */
function keptBlock(fill: number, transactions?: readonly Uint8Array[]): KeptBlock {
  return {
    block: {
      hashLe: bytes(fill, 32),
      header: bytes(fill, 80),
      templateId: 2n ** 63n + 1n,
      coinbaseTx: bytes(1, 9),
    },
    pushed: {
      pool: 'pool.example:34254',
      declaration: {
        name: 'DeclareMiningJob',
        request_id: 0,
        mining_job_token: bytes(0, 0),
        version: 0x20000000,
        coinbase_tx_prefix: bytes(2, 60),
        coinbase_tx_suffix: bytes(3, 50),
        wtxid_list: [],
        excess_data: bytes(0, 0),
      },
      solution: {
        name: 'PushSolution',
        extranonce: bytes(4, 12),
        prev_hash: bytes(5, 32),
        nonce: 1,
        ntime: 2,
        nbits: 3,
        version: 4,
      },
    },
    transactions,
  };
}

function logged() {
  const lines: string[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(String(JSON.parse(line).msg)) },
  );
  return { log, lines };
}

test('what is kept is there for the next process, of each block what was kept last, and a torn line costs no other', (t) => {
  const path = join(temporaryFolder(), 'found-blocks.json');
  const { log, lines } = logged();
  const first = new BlockFile(path, log);
  const [one, two] = [keptBlock(1), keptBlock(2)];
  first.keep(one);
  first.keep(two);
  const whole = { ...two, transactions: [bytes(7, 60), bytes(8, 70)] };
  first.keep(whole);
  first.drop(one.block.hashLe);
  first.close();
  appendFileSync(path, '{"hash":"ab');
  const next = new BlockFile(path, log);
  t.after(() => next.close());
  assert.deepEqual(next.recovered, [whole]);
  assert.match(lines.at(-1) ?? '', /can't be read and is left out/);
  const three = keptBlock(3);
  next.keep(three);
  const last = new BlockFile(path, log);
  t.after(() => last.close());
  assert.deepEqual(last.recovered, [whole, three]);
  for (const { block } of [two, three]) last.drop(block.hashLe);
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('a line without a pool is a block of solo mining', (t) => {
  const path = join(temporaryFolder(), 'found-blocks.json');
  const { log } = logged();
  const solo: KeptBlock = { ...keptBlock(1), pushed: undefined };
  const first = new BlockFile(path, log);
  first.keep(solo);
  first.close();
  const next = new BlockFile(path, log);
  t.after(() => next.close());
  assert.deepEqual(next.recovered, [solo]);
});

test('a folder that is not there is named with the key to change', () => {
  const { log } = logged();
  assert.throws(() => new BlockFile('/nowhere/found-blocks.json', log), {
    code: 'found-blocks-unusable',
    message: /found_blocks_path/,
  });
});

/** Blocks of before, a jd-server that answers in this order, then no more, and a template provider. */
function recovered(t: TestContext, kept: KeptBlock, answers: (LateOutcome | Error)[]) {
  const { log, lines } = logged();
  const did: string[] = [];
  const provider = {
    isConnected: false,
    submitSolution: () => void did.push('submit'),
    requestTransactionData: async () => undefined,
  };
  const blocks = new Blocks({
    provider,
    work: { of: () => undefined },
    file: {
      recovered: [kept],
      keep: ({ transactions }) => void did.push(`keep with ${transactions?.length} transactions`),
      drop: () => void did.push('drop'),
      close: () => undefined,
    },
    transactionsOf: async () => [bytes(7, 60)],
    async declareLate(_, { length }) {
      did.push(`declare ${length}`);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError('it was told before');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    log,
    retryMs: RETRY_MS,
  });
  t.after(() => blocks.close());
  return { blocks, provider, did, lines };
}

test('a jd-server is told of a block of before until it has heard of it, and then no more', async (t) => {
  const { blocks, did, lines } = recovered(t, keptBlock(1, [bytes(7, 60)]), [
    new Error('not there'),
    'pushed',
  ]);
  await until(() => lines.includes('the jd-server was told of the found block once more'), 'the hand-in');
  assert.deepEqual(did, ['declare 1', 'declare 1']);
  assert.equal(blocks.unseen, 1, "it is the node's tip that tells");
  blocks.tip(bytes(1, 32));
  assert.equal(blocks.unseen, 0);
  assert.equal(did.at(-1), 'drop');
});

test('transactions that were not there are asked for again once the template provider is', async (t) => {
  const { blocks, did, lines } = recovered(t, keptBlock(1), ['stale']);
  blocks.connected();
  await until(() => lines.some((line) => line.startsWith('the jd-server has another tip')), 'the hand-in');
  assert.deepEqual(did, ['submit', 'keep with 1 transactions', 'declare 1']);
});
