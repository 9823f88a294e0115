import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { SubscriptionKind } from '../../../../roles/mint/subscriptions/kinds.ts';
import { Topic } from '../../../../roles/mint/subscriptions/topic.ts';

/** A kind whose reads end when the test says so. */
class Kind implements SubscriptionKind {
  readonly name = 'thing';
  readonly states = new Map<string, object>();
  readonly reads: (readonly string[])[] = [];
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  idOf(filter: string): string {
    return filter;
  }

  async read(ids: readonly string[]): Promise<readonly (object | undefined)[]> {
    this.reads.push(ids);
    const found = ids.map((id) => this.states.get(id));
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    return found;
  }

  async end(error?: Error): Promise<void> {
    await turn();
    const [first] = this.#waiting.splice(0, 1);
    if (error) first?.reject(error);
    else first?.resolve();
    await turn();
  }
}

function scene() {
  const kind = new Kind();
  const errors: unknown[] = [];
  const topic = new Topic(kind, (error) => errors.push(error));
  const told: string[] = [];
  const watch = (id: string, name = id) => topic.watch(id, (payload) => told.push(`${name} ${payload}`));
  return { kind, errors, topic, told, watch };
}

test('whoever watches is told at first, and then of what is new', async () => {
  const { kind, topic, told, watch } = scene();
  kind.states.set('a', { n: 1 });
  watch('a');
  assert.deepEqual(told, [], 'never before the call returns');
  await kind.end();
  assert.deepEqual(told.splice(0), ['a {"n":1}']);
  topic.changed('a');
  await kind.end();
  assert.deepEqual(told, [], 'nothing new');
  kind.states.set('a', { n: 2 });
  topic.changed('a');
  topic.changed('nobody watches');
  await kind.end();
  assert.deepEqual(told, ['a {"n":2}']);
  assert.deepEqual(kind.reads, [['a'], ['a'], ['a']]);
});

test('what changes while it is being read is read again', async () => {
  const { kind, topic, told, watch } = scene();
  kind.states.set('a', { n: 1 });
  watch('a');
  await turn();
  kind.states.set('a', { n: 2 });
  topic.changed('a');
  topic.changed('a');
  await kind.end();
  await kind.end();
  assert.deepEqual(told, ['a {"n":1}', 'a {"n":2}']);
  assert.equal(kind.reads.length, 2);
});

test('one read serves all, and nobody is told what he knows', async () => {
  const { kind, told, watch } = scene();
  kind.states.set('a', { n: 1 });
  watch('a', 'first');
  await kind.end();
  watch('a', 'second');
  watch('a', 'third');
  await kind.end();
  assert.deepEqual(told, ['first {"n":1}', 'second {"n":1}', 'third {"n":1}']);
  assert.equal(kind.reads.length, 2);
});

test('who has gone is told nothing, and what is not there is no news', async () => {
  const { kind, topic, told, watch } = scene();
  kind.states.set('a', { n: 1 });
  watch('b')();
  const end = watch('a');
  watch('missing');
  await turn();
  end();
  end();
  await kind.end();
  topic.changed('a');
  topic.changed();
  await kind.end();
  assert.deepEqual(told, []);
  assert.deepEqual(kind.reads, [['a', 'missing'], ['missing']]);
});

test('any of a kind may have changed, and many are read in portions', async () => {
  const { kind, topic, told, watch } = scene();
  const ids = Array.from({ length: 450 }, (_, i) => String(i));
  for (const id of ids) {
    kind.states.set(id, { n: 1 });
    watch(id);
  }
  for (let i = 0; i < 3; i++) await kind.end();
  assert.equal(told.splice(0).length, 450);
  assert.deepEqual(
    kind.reads.splice(0).map(({ length }) => length),
    [200, 200, 50],
  );
  for (const id of ids) kind.states.set(id, { n: 2 });
  topic.changed();
  for (let i = 0; i < 3; i++) await kind.end();
  assert.equal(told.length, 450);
});

test('a read that fails is told and tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { kind, topic, errors, told, watch } = scene();
  kind.states.set('a', { n: 1 });
  watch('a');
  await kind.end(new Error('busy'));
  assert.equal(errors.length, 1);
  topic.changed('a');
  assert.equal(kind.reads.length, 1, 'not before its time');
  t.mock.timers.tick(1000);
  await kind.end();
  assert.deepEqual(told, ['a {"n":1}']);
});
