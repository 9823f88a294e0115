import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TemplateMessage } from '../../../../protocols/sv2/template-distribution.ts';
import { templateProviderConfig } from '../../../../roles/template-provider/config.ts';
import { MOST_SUBMITTING, NODE_PATIENCE_MS, Provider } from '../../../../roles/template-provider/provider.ts';
import { loadConfig } from '../../../../runtime/config/load.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { blockTemplate } from '../../domain/templates/fixture.ts';

const file = new URL('../../../../config/regtest/template-provider.config.toml', import.meta.url).pathname;

/** A provider of a node that never answers. */
function providerOf(onCall: () => void): Provider {
  const context = {
    config: loadConfig(templateProviderConfig, file),
    log: createLog('test', 'silent'),
    status: () => undefined,
    stopping: new AbortController().signal,
  };
  return new Provider(context, {
    url: 'http://node',
    close: () => undefined,
    call: () => {
      onCall();
      return new Promise(() => undefined);
    },
  });
}

/** A client that needs no room in the coinbase. */
function clientOf(provider: Provider) {
  const sent: TemplateMessage[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<{ reason: string; code: string }>();
  const connection: Parameters<Provider['welcome']>[0] = {
    remote: 'test',
    onMessage: undefined,
    closed,
    send: (message) => sent.push(message),
    close: (reason = '') => resolve({ reason, code: 'closed' }),
  };
  provider.welcome(connection);
  const say = (message: TemplateMessage) => connection.onMessage?.(message, []);
  say({
    name: 'CoinbaseOutputConstraints',
    coinbase_output_max_additional_size: 0,
    coinbase_output_max_additional_sigops: 0,
  });
  return { sent, say, closed };
}

test('clients of a node that stays away are sent away, once, and have its work when it is back', async () => {
  const provider = providerOf(() => undefined);
  provider.troubled(undefined, 0);
  provider.take(blockTemplate([]), true);
  const early = clientOf(provider);
  assert.deepEqual(
    early.sent.map(({ name }) => name),
    ['NewTemplate', 'SetNewPrevHash'],
  );
  let isGone = false;
  void early.closed.then(() => {
    isGone = true;
  });
  for (const at of [1_000, 1_000 + NODE_PATIENCE_MS - 1]) provider.troubled('no answer', at);
  await Promise.resolve();
  assert.equal(isGone, false);
  provider.troubled('no answer', 1_000 + NODE_PATIENCE_MS);
  assert.deepEqual(await early.closed, { reason: 'the node is away', code: 'closed' });

  const late = clientOf(provider);
  provider.troubled('no answer', 2_000 + NODE_PATIENCE_MS);
  assert.deepEqual(late.sent, []);
  provider.troubled(undefined, 3_000 + NODE_PATIENCE_MS);
  provider.take(blockTemplate([]), false);
  assert.deepEqual(
    late.sent.map(({ name }) => name),
    ['NewTemplate', 'SetNewPrevHash'],
  );
});

test('of blocks for a node that does not answer, only so many wait', () => {
  let calls = 0;
  const provider = providerOf(() => {
    calls++;
  });
  provider.take(blockTemplate([]), true);
  const { sent, say } = clientOf(provider);
  const [template] = sent;
  assert.ok(template?.name === 'NewTemplate');
  for (let nonce = 0; nonce < MOST_SUBMITTING + 9; nonce++) {
    say({
      name: 'SubmitSolution',
      template_id: template.template_id,
      version: 0x20000000,
      header_timestamp: 1_700_000_000,
      header_nonce: nonce,
      coinbase_tx: new Uint8Array(100).fill(2),
    });
  }
  assert.equal(calls, MOST_SUBMITTING);
});
