import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TemplateMessage } from '../../../../protocols/sv2/template-distribution.ts';
import { templateProviderConfig } from '../../../../roles/template-provider/config.ts';
import { MOST_SUBMITTING, Provider } from '../../../../roles/template-provider/provider.ts';
import { loadConfig } from '../../../../runtime/config/load.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { blockTemplate } from '../../domain/templates/fixture.ts';

const file = new URL('../../../../config/regtest/template-provider.config.toml', import.meta.url).pathname;

test('of blocks for a node that does not answer, only so many wait', () => {
  let calls = 0;
  const provider = new Provider(
    {
      config: loadConfig(templateProviderConfig, file),
      log: createLog('test', 'silent'),
      status: () => undefined,
      stopping: new AbortController().signal,
    },
    {
      url: 'http://node',
      close: () => undefined,
      call: () => {
        calls++;
        return new Promise(() => undefined);
      },
    },
  );
  const sent: TemplateMessage[] = [];
  const connection: Parameters<Provider['welcome']>[0] = {
    remote: 'test',
    onMessage: undefined,
    closed: new Promise(() => undefined),
    send: (message) => sent.push(message),
    close: () => undefined,
  };
  provider.welcome(connection);
  provider.take(blockTemplate([]), true);
  const say = (message: TemplateMessage) => connection.onMessage?.(message, []);
  say({
    name: 'CoinbaseOutputConstraints',
    coinbase_output_max_additional_size: 0,
    coinbase_output_max_additional_sigops: 0,
  });
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
