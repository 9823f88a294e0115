import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addWitness } from '../../protocols/bitcoin/coinbase.ts';
import { encodeOutput } from '../../protocols/bitcoin/output.ts';
import { leBytesToTarget, powerTarget } from '../../protocols/bitcoin/target.ts';
import { witnessCommitmentScript } from '../../protocols/bitcoin/witness-commitment.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { recordingClient, solve, until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';

function displayed(hashLe: Uint8Array): string {
  return toHex(reversed(hashLe));
}

test('a client gets a template and its prev hash, and its block enters the chain', async (t) => {
  const node = await regtestNode(t, { blocks: 16 });
  const provider = await templateProvider(t, node);
  const { client, pairAfter, templates } = await recordingClient(t, provider);

  const first = await pairAfter(0);
  assert.equal(first.template.future_template, true);
  assert.equal(displayed(first.prevHash.prev_hash), await node.rpc.call('getbestblockhash'));
  assert.equal(toHex(first.template.coinbase_prefix), '0111');
  assert.equal(first.template.coinbase_tx_value_remaining, 5_000_000_000n);
  assert.equal(first.template.coinbase_tx_locktime, 16);
  assert.equal(first.template.coinbase_tx_input_sequence, 0xfffffffe);
  assert.equal(first.prevHash.nBits, 0x207fffff);
  assert.equal(leBytesToTarget(first.prevHash.target), 0x7fffffn << 232n);
  const commitment = encodeOutput({ value: 0n, script: witnessCommitmentScript([]) });
  assert.equal(first.template.coinbase_tx_outputs_count, 1);
  assert.equal(toHex(first.template.coinbase_tx_outputs), toHex(commitment));

  const stripped = solve(first.template, first.prevHash, { tag: 'hashpool/one' });
  client.submitSolution(stripped.solution);
  const second = await pairAfter(1);
  assert.equal(displayed(second.prevHash.prev_hash), stripped.hash);
  assert.equal(await node.rpc.call('getbestblockhash'), stripped.hash);
  await provider.role.says(/block [0-9a-f]{64} at height 17 accepted by the node/);

  // The protocol's own form of a solution has the witness in it.
  const full = solve(second.template, second.prevHash, { tag: 'hashpool/two' });
  client.submitSolution({ ...full.solution, coinbase_tx: addWitness(full.solution.coinbase_tx) });
  await pairAfter(2);
  assert.equal(await node.rpc.call('getbestblockhash'), full.hash);
  const ids = templates.map(({ template_id }) => template_id);
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)),
    'ids only grow',
  );
  await until(() => provider.role.status.figures['height'] === 18, 'height 18 in the status');
});

test('a new tip and changed constraints each bring a pair', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: ['tip_poll_interval_ms = 60000'] });
  const { client, pairAfter, prevHashes } = await recordingClient(t, provider);
  const first = await pairAfter(0);

  // The tip is polled only once a minute here: what tells of the block is the long poll.
  const [hash] = await node.generate(1);
  const second = await pairAfter(1);
  assert.equal(displayed(second.prevHash.prev_hash), hash);
  assert(second.template.future_template && second.template.template_id > first.template.template_id);

  client.setConstraints({ maxAdditionalSize: 500, maxAdditionalSigops: 20 });
  const third = await pairAfter(2);
  assert.equal(displayed(third.prevHash.prev_hash), hash);
  assert(third.template.future_template && third.template.template_id > second.template.template_id);
  assert.equal(prevHashes.length, 3);
});

test('each client has its own templates, and a bad one ends its own connection alone', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, node);
  const good = await recordingClient(t, provider);
  const other = await recordingClient(t, provider, { maxAdditionalSize: 900, maxAdditionalSigops: 4 });
  await good.pairAfter(0);
  await other.pairAfter(0);
  assert.notEqual(good.templates[0]?.template_id, other.templates[0]?.template_id);

  const bad = await recordingClient(t, provider, {
    maxAdditionalSize: 0xffffffff,
    maxAdditionalSigops: 0xffff,
  });
  await until(() => bad.statuses.some((text) => text.startsWith('waiting')), 'end of the bad client');
  assert.equal(bad.templates.length, 0);
  await bad.client.close();
  await node.generate(1);
  await good.pairAfter(1);
  await other.pairAfter(1);
});

test('on regtest block_target_bits makes blocks rarer than the chain asks', async (t) => {
  const node = await regtestNode(t);
  const provider = await templateProvider(t, { ...node, config: ['block_target_bits = 12'] });
  const { client, pairAfter } = await recordingClient(t, provider);
  const { template, prevHash } = await pairAfter(0);
  assert.equal(leBytesToTarget(prevHash.target), powerTarget(12));
  assert.equal(prevHash.nBits, 0x207fffff, 'the header keeps the bits of the chain');
  assert.equal(toHex(template.coinbase_prefix), '5100');
  client.submitSolution(solve(template, prevHash).solution);
  await pairAfter(1);
  assert.equal(await node.rpc.call('getblockcount'), 1);
});

test('what the node says to a solution is logged in words', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, node);
  const { client, pairAfter } = await recordingClient(t, provider);
  const { template, prevHash } = await pairAfter(0);

  const greedy = [{ value: template.coinbase_tx_value_remaining + 1n, script: Uint8Array.of(0x51) }];
  client.submitSolution(solve(template, prevHash, { outputs: greedy }).solution);
  await provider.role.says(/its coinbase pays more than subsidy and fees \(bad-cb-amount\)/);

  const { solution } = solve(template, prevHash);
  client.submitSolution({ ...solution, template_id: 1n });
  await provider.role.says(/solved template 1, which is not known any more/);
  client.submitSolution({ ...solution, coinbase_tx: Uint8Array.of(1, 0, 0, 0, 0, 1, 0) });
  await provider.role.says(/a block at height 2 was lost: the coinbase has a segwit marker and no witness/);

  client.submitSolution(solution);
  await pairAfter(1);
  client.submitSolution(solution);
  await provider.role.says(/the node had it already \(duplicate\)/);
  client.submitSolution(solve(template, prevHash, { extranonce: new Uint8Array(12).fill(1) }).solution);
  await provider.role.says(/another block was first \(inconclusive\)/);
  assert.equal(await node.rpc.call('getblockcount'), 2);
});

test('blocks in quick succession and a reorganisation: the last prev hash is the tip', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, node);
  const { pairAfter, prevHashes } = await recordingClient(t, provider);
  await pairAfter(0);
  const isAt = (hash: unknown) => () => prevHashes.some((each) => displayed(each.prev_hash) === hash);
  const heights: string[] = [];
  for (let i = 0; i < 30; i++) heights.push(...(await node.generate(1)));
  await until(isAt(heights.at(-1)), 'prev hash of the last block');
  const told = prevHashes.map(({ prev_hash }) => heights.indexOf(displayed(prev_hash)));
  assert.deepEqual(
    told,
    [...new Set(told)].sort((a, b) => a - b),
    'never back to an older tip',
  );

  const before = prevHashes.length;
  await node.rpc.call('invalidateblock', [heights.at(-1)]);
  const { prevHash } = await pairAfter(before);
  assert.equal(displayed(prevHash.prev_hash), heights.at(-2));
});
