import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rounds } from '../../../runtime/rounds.ts';

function held() {
  const waiting: (() => void)[] = [];
  let rounds = 0;
  let most = 0;
  let underWay = 0;
  const round = async () => {
    rounds++;
    most = Math.max(most, ++underWay);
    await new Promise<void>((resolve) => waiting.push(resolve));
    underWay--;
  };
  return { round, waiting, counts: () => ({ rounds, most }) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const fail = (error: unknown) => assert.fail(String(error));

test('calls during a round make for one more, and none for two at a time', async () => {
  const { round, waiting, counts } = held();
  const rounds = new Rounds(round, { onTrouble: fail });
  const first = rounds.run();
  await turn();
  const later = [rounds.run(), rounds.run(), rounds.run()];
  await turn();
  assert.deepEqual(counts(), { rounds: 1, most: 1 });
  waiting[0]?.();
  await first;
  await turn();
  waiting[1]?.();
  await Promise.all(later);
  assert.deepEqual(counts(), { rounds: 2, most: 1 });
  await rounds.close();
});

test('the same trouble is told once, until a round goes well', async () => {
  const ends = ['a', 'a', 'b', '', 'b'];
  const told: string[] = [];
  const rounds = new Rounds(
    async () => {
      const end = ends.shift();
      if (end) throw new Error(end);
    },
    { onTrouble: (_, trouble) => void told.push(trouble) },
  );
  while (ends.length > 0) await rounds.run();
  assert.deepEqual(told, ['a', 'b', 'b']);
  await rounds.close();
});

test('once closed it begins no round, waits for the one under way, and tells of no trouble that ending has made', async () => {
  const { round, waiting, counts } = held();
  const rounds = new Rounds(
    async () => {
      await round();
      throw new Error('aborted');
    },
    { everyMs: 1, onTrouble: fail },
  );
  void rounds.run();
  await turn();
  let isClosed = false;
  const closing = rounds.close().then(() => {
    isClosed = true;
  });
  await turn();
  assert.ok(!isClosed);
  waiting[0]?.();
  await closing;
  await rounds.run();
  assert.equal(counts().rounds, 1);
});

test('the clock begins rounds by itself', async () => {
  let rounds = 0;
  await new Promise<void>((resolve) => {
    const all = new Rounds(
      async () => {
        if (++rounds === 3) resolve();
      },
      { everyMs: 1, onTrouble: fail },
    );
    // Its clock keeps no process alive.
    const alive = setInterval(() => {
      if (rounds < 3) return;
      clearInterval(alive);
      void all.close();
    }, 5);
  });
  assert.ok(rounds >= 3);
});
