import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mintConfig } from '../../../roles/mint/config.ts';
import type { PaymentBackend } from '../../../roles/mint/payments/backend.ts';
import { checkRewardScripts } from '../../../roles/mint/payments/reward-scripts.ts';
import { ConfigError, loadConfig } from '../../../runtime/config/load.ts';

const MINE = new Uint8Array([0x51]);
const COLD = new Uint8Array([0x52]);

/** @param owns what the wallet answers; undefined for a mint without one */
function parts(
  scripts: readonly (Uint8Array | undefined)[],
  owns: PaymentBackend['owns'] | undefined,
  isCold = false,
) {
  const [pool] = loadConfig(
    mintConfig,
    new URL('../../../config/regtest/mint.config.toml', import.meta.url).pathname,
  ).pool;
  assert.ok(pool);
  const failed: ConfigError[] = [];
  const backend = owns ? { owns } : {};
  const given = {
    config: scripts.map(() => ({ ...pool, reward_is_cold: isCold })),
    pools: scripts.map((script) => ({ script })),
    backends: [backend],
    log: { warn: () => undefined },
    askAgainMs: 1,
    fail: (error: ConfigError) => void failed.push(error),
  };
  return { given, failed };
}

const isMine = async (script: Uint8Array) => Buffer.compare(script, MINE) === 0;

test("a reward script is the wallet's, or stated to be another one of the operator's", async () => {
  const { given } = parts([MINE, COLD], isMine);
  await assert.rejects(checkRewardScripts(given), {
    name: ConfigError.name,
    message: /number 2, .*reward_is_cold/,
  });
  for (const good of [
    parts([MINE, undefined], isMine),
    parts([COLD], isMine, true),
    parts([COLD], undefined),
  ])
    (await checkRewardScripts(good.given)).close();
});

test('a wallet that can not be asked at the start is asked until it answers', async () => {
  let asked = 0;
  const { given, failed } = parts([COLD], async (script) => {
    if (++asked < 3) throw new Error('no node');
    return isMine(script);
  });
  const ended = new Promise<void>((resolve) => {
    const { fail } = given;
    given.fail = (error) => {
      fail(error);
      resolve();
    };
  });
  const check = await checkRewardScripts(given);
  await ended;
  check.close();
  assert.match(failed[0]?.message ?? '', /number 1/);
});
