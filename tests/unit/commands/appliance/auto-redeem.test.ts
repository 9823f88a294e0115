import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autoRedeem } from '../../../../commands/appliance/auto-redeem.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import type { Redeemed } from '../../../../services/wallet/wallet.ts';

const redeemed = (unit: string, sats: bigint): Redeemed => ({ unit, ehash: 8n, sats });
const away = new HashpoolError('mint-unreachable', 'the mint does not answer');

/** A wallet whose rounds answer these one after the other, or throw them; the last one stops it. */
function roundsOf(...answers: readonly (readonly Redeemed[] | Error)[]) {
  const stop = new AbortController();
  const told: unknown[] = [];
  const left = [...answers];
  const wallet = {
    collect: async () => ({ minted: 0n, waiting: 0n }),
    redeem: async () => {
      const answer = left.shift() ?? [];
      if (left.length === 0) stop.abort();
      if (answer instanceof Error) throw answer;
      return [...answer];
    },
  };
  const run = autoRedeem(wallet, {
    stop: stop.signal,
    onRedeemed: (redeemed) => told.push(redeemed.map(({ unit }) => unit)),
    onTrouble: (words) => told.push(words),
    pauseMs: 1,
  });
  return { run, told };
}

test('what becomes redeemable is redeemed, whatever the mint does in between, until it is stopped', async () => {
  const { run, told } = roundsOf(
    ...[[], [redeemed('a', 3n), redeemed('b', 4n)], away, away],
    ...[[], away, [redeemed('c', 5n)]],
  );
  assert.equal(await run, 12n);
  assert.deepEqual(told, [['a', 'b'], away.message, away.message, ['c']]);
});

test('a mistake of the program ends it', async () => {
  await assert.rejects(roundsOf(new TypeError('no'), []).run, TypeError);
});
