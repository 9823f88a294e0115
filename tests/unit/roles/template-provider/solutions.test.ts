import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitBlock } from '../../../../domain/templates/fit-block.ts';
import { type Solution, submitSolution } from '../../../../roles/template-provider/solutions.ts';
import { RpcError, type RpcFailure } from '../../../../runtime/rpc/errors.ts';
import { blockTemplate } from '../../domain/templates/fixture.ts';

const solution: Solution = {
  name: 'SubmitSolution',
  template_id: 1n,
  version: 0x20000000,
  header_timestamp: 1_700_000_000,
  header_nonce: 1,
  coinbase_tx: new Uint8Array(100).fill(2),
};

/** Submits a block to a node that fails in these ways before it takes it. */
async function submit(...failures: RpcFailure[]): Promise<{ calls: number; said: string[] }> {
  const said: string[] = [];
  const note = (_: unknown, text?: string) => said.push(text ?? '');
  let calls = 0;
  await submitSolution(fitBlock(blockTemplate([]), { size: 0, sigops: 0 }), solution, {
    rpc: {
      url: 'http://node',
      close: () => undefined,
      call: async () => {
        calls++;
        const failure = failures.shift();
        if (failure !== undefined) throw new RpcError(failure, failure);
        return null;
      },
    },
    log: { info: note, warn: note, error: note },
    signal: new AbortController().signal,
  });
  return { calls, said };
}

test('a block is offered again where the node was too busy to answer, or did not let us in', async () => {
  const { calls, said } = await submit('rpc-bad-answer', 'rpc-unauthorized');
  assert.equal(calls, 3);
  assert.match(said.at(-1) ?? '', /accepted by the node/);
});

test('a block that the node refuses as a call is not offered again', async () => {
  const { calls, said } = await submit('rpc-refused');
  assert.equal(calls, 1);
  assert.match(said.at(-1) ?? '', /was lost: rpc-refused/);
});
