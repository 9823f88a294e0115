import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { MintEvents } from '../../../../roles/mint/events.ts';
import type { SubscriptionKind } from '../../../../roles/mint/subscriptions/kinds.ts';
import { Subscriptions } from '../../../../roles/mint/subscriptions/subscriptions.ts';
import {
  MAX_SUBSCRIPTIONS,
  MAX_UNSENT_BYTES,
  type Share,
  WalletSocket,
} from '../../../../roles/mint/subscriptions/wallet-socket.ts';

interface Sent {
  readonly id?: unknown;
  readonly result?: { readonly status: string; readonly subId: string };
  readonly error?: { readonly code: number; readonly message: string };
  readonly method?: string;
  readonly params?: { readonly subId: string; readonly payload: unknown };
}

const roomy: Share = { filters: () => () => undefined };

function scene(share = roomy) {
  const reads: string[] = [];
  const kind: SubscriptionKind = {
    name: 'proof_state',
    idOf: (filter) => (filter.startsWith('bad') ? undefined : filter.toLowerCase()),
    read: async (ids) => {
      reads.push(...ids);
      return ids.map((id) => ({ Y: id }));
    },
  };
  const fail = (error: unknown) => assert.fail(String(error));
  const subscriptions = new Subscriptions([kind], new MintEvents(fail), fail);
  const sent: Sent[] = [];
  const wire = {
    bufferedAmount: 0,
    isCut: false,
    send: (text: string) => sent.push(JSON.parse(text) as Sent),
    terminate: () => {
      wire.isCut = true;
    },
  };
  const socket = new WalletSocket(wire, subscriptions, share);
  let id = 0;
  const ask = (method: string, params: unknown) => {
    socket.receive(JSON.stringify({ jsonrpc: '2.0', id: id++, method, params }));
    return sent.at(-1);
  };
  const subscribe = (subId: string, filters: string[]) =>
    ask('subscribe', { kind: 'proof_state', subId, filters });
  return { subscriptions, socket, wire, sent, reads, ask, subscribe };
}

test('NUT-17: a subscription is confirmed, told how things stand, and ended', async () => {
  const { sent, ask, subscribe } = scene();
  subscribe('s', ['AA', 'aa', 'bb']);
  assert.deepEqual(sent, [{ jsonrpc: '2.0', result: { status: 'OK', subId: 's' }, id: 0 }]);
  await turn();
  const told = (Y: string) => ({
    jsonrpc: '2.0',
    method: 'subscribe',
    params: { subId: 's', payload: { Y } },
  });
  assert.deepEqual(sent.splice(0), [
    { jsonrpc: '2.0', result: { status: 'OK', subId: 's' }, id: 0 },
    told('aa'),
    told('bb'),
  ]);
  assert.deepEqual(ask('unsubscribe', { subId: 's' }), {
    jsonrpc: '2.0',
    result: { status: 'OK', subId: 's' },
    id: 1,
  });
});

test('NUT-17: what is no request is answered by the error of JSON-RPC that names the trouble', () => {
  const { socket, sent, ask, reads } = scene();
  const params = { kind: 'proof_state', subId: 's', filters: ['a'] };
  const cases: [string, number, unknown, RegExp][] = [
    ['{', -32700, null, /no JSON/],
    ['[]', -32600, null, /must be an object/],
    ['null', -32600, null, /must be an object/],
    ['{"method":"subscribe","params":{},"id":1}', -32600, null, /jsonrpc is missing/],
    ['{"jsonrpc":"2.0","params":{},"id":1}', -32600, null, /method is missing/],
    [
      '{"jsonrpc":"2.0","method":"subscribe","params":{},"id":{}}',
      -32600,
      null,
      /id is .* must be an integer or a text/,
    ],
    ['{"jsonrpc":"2.0","method":"steal","params":{},"id":"x"}', -32601, 'x', /no method steal/],
    ['{"jsonrpc":"2.0","method":"subscribe","params":{},"id":7}', -32602, 7, /kind is missing/],
  ];
  for (const [text, code, id, message] of cases) {
    socket.receive(text);
    const answer = sent.at(-1);
    assert.deepEqual([answer?.error?.code, answer?.id], [code, id], text);
    assert.match(answer?.error?.message ?? '', message);
  }
  const wrong: [object, RegExp][] = [
    [{ ...params, kind: 'weather' }, /kind is weather; this mint has proof_state/],
    [{ ...params, filters: [] }, /filters is .* must be a list of 1 to 1000 texts/],
    [{ ...params, filters: Array.from({ length: 1001 }, (_, i) => String(i)) }, /filters is/],
    [{ ...params, filters: ['bad one'] }, /filters has "bad one", which names no proof_state/],
    [{ ...params, subId: 'x'.repeat(101) }, /subId is/],
  ];
  for (const [each, message] of wrong) {
    const answer = ask('subscribe', each);
    assert.equal(answer?.error?.code, -32602);
    assert.match(answer?.error?.message ?? '', message);
  }
  assert.equal(ask('unsubscribe', { subId: 'nobody' })?.error?.code, -32602);
  assert.deepEqual(reads, [], 'nothing was read for any of it');
});

test('NUT-17: whatever is sent has one answer, and none of it throws', () => {
  const { socket, sent } = scene();
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          jsonrpc: fc.constant('2.0'),
          method: fc.constantFrom('subscribe', 'unsubscribe', 'x'),
          id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
          params: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((message) => JSON.stringify(message)),
    fc.constantFrom('['.repeat(100_000), '{"a":'.repeat(50_000)),
  );
  fc.assert(
    fc.property(text, (each) => {
      sent.length = 0;
      socket.receive(each);
      assert.equal(sent.length, 1);
    }),
  );
});

test('limits are counted before anything is read, and given back', async () => {
  const { sent, reads, ask, subscribe, socket } = scene();
  for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) assert.ok(subscribe(`s${i}`, [`f${i}`])?.result);
  await turn();
  reads.length = 0;
  assert.match(subscribe('more', ['f'])?.error?.message ?? '', /at most 100 subscriptions/);
  assert.match(subscribe('s1', ['f'])?.error?.message ?? '', /s1 is subscribed already/);
  ask('unsubscribe', { subId: 's0' });
  const many = Array.from({ length: 902 }, (_, i) => `g${i}`);
  assert.match(subscribe('big', many)?.error?.message ?? '', /at most 1000 filters/);
  await turn();
  assert.deepEqual(reads, []);
  assert.ok(subscribe('big', many.slice(1))?.result);
  socket.close();
  sent.length = 0;
  await turn();
  assert.deepEqual(sent, [], 'a closed connection hears nothing');
});

test('what all share is taken and given back by every way out', () => {
  let left = 10;
  const share: Share = {
    filters: (count) => {
      if (count > left) return undefined;
      left -= count;
      return () => {
        left += count;
      };
    },
  };
  const { ask, subscribe, socket } = scene(share);
  subscribe('a', ['1', '2', '3', '3']);
  assert.equal(left, 7);
  assert.match(
    subscribe(
      'b',
      Array.from({ length: 8 }, (_, i) => String(i)),
    )?.error?.message ?? '',
    /too much is watched/,
  );
  subscribe('b', ['1']);
  assert.equal(left, 6);
  ask('unsubscribe', { subId: 'a' });
  assert.equal(left, 9);
  socket.close();
  assert.equal(left, 10);
});

test('a reader that does not read is cut', async () => {
  const { wire, subscribe } = scene();
  wire.bufferedAmount = MAX_UNSENT_BYTES + 1;
  subscribe('s', ['a']);
  assert.ok(wire.isCut);
});
