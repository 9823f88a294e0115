import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answerRequestExtensions } from '../../../protocols/sv2/extensions/request-extensions.ts';
import type { MiningMessage } from '../../../protocols/sv2/mining.ts';
import { negotiateExtensions, serveExtensions } from '../../../runtime/sv2/extensions.ts';
import { loopback, type MiningConnection, nextMessage, workers } from './loopback.ts';

after(() => workers.close());

const target: MiningMessage = { name: 'SetTarget', channel_id: 1, maximum_target: new Uint8Array(32) };

function request(requested_extensions: readonly number[]) {
  return { name: 'RequestExtensions', request_id: 9, requested_extensions } as const;
}

test('the answers of extension 0x0001, section 4', () => {
  const agreed = (supported_extensions: number[]) => ({
    name: 'RequestExtensions.Success',
    request_id: 9,
    supported_extensions,
  });
  const refused = (unsupported_extensions: number[], required_extensions: number[]) => ({
    name: 'RequestExtensions.Error',
    request_id: 9,
    unsupported_extensions,
    required_extensions,
  });
  assert.deepEqual(answerRequestExtensions(request([2, 3]), [2]), agreed([2]));
  assert.deepEqual(answerRequestExtensions(request([2]), []), refused([2], []));
  assert.deepEqual(answerRequestExtensions(request([2, 3]), [2, 5], [5]), refused([3], [5]));
  assert.deepEqual(answerRequestExtensions(request([2, 5]), [2, 5], [5]), agreed([2, 5]));
  assert.deepEqual(answerRequestExtensions(request([]), [2]), agreed([]));
});

/** A server that answers requests for extensions and says which it hears. */
function serving(there: MiningConnection, supported: number[], required: number[] = []) {
  const goesOn: boolean[] = [];
  there.onMessage = (message) => {
    if (message.name === 'RequestExtensions')
      goesOn.push(serveExtensions(there, message, supported, required));
  };
  return goesOn;
}

test('both ends hold the extensions that both speak', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  const goesOn = serving(there, [0x4548, 2]);
  assert.deepEqual([...(await negotiateExtensions(here, [2, 3, 0x4548]))], [2, 0x4548]);
  assert.deepEqual([...there.extensions], [2, 0x4548]);
  assert.deepEqual(goesOn, [true]);
  there.send(target);
  assert.deepEqual(await nextMessage(here), target);
});

test('a server with none of them leaves the client without', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  serving(await server(), []);
  assert.equal((await negotiateExtensions(here, [2])).size, 0);
  assert.equal(here.isOpen, true);
});

test('what the server insists on and is not spoken here is an error in words', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const goesOn = serving(await server(), [2, 0x4548], [0x4548]);
  await assert.rejects(negotiateExtensions(here, [2]), {
    code: 'sv2-extension-required',
    message: /0x4548/,
  });
  assert.deepEqual(goesOn, [false]);
  assert.deepEqual([...(await negotiateExtensions(here, [2, 0x4548]))], [2, 0x4548]);
});

test('what the server insists on is asked for where it is spoken, once', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const goesOn = serving(await server(), [2, 0x4548], [0x4548]);
  assert.deepEqual([...(await negotiateExtensions(here, [2], { spoken: [2, 0x4548] }))], [2, 0x4548]);
  assert.deepEqual(goesOn, [false, true]);
  const there = await client();
  serving(await server(), [2, 3], [3]);
  await assert.rejects(negotiateExtensions(there, [2], { spoken: [2, 0x4548] }), {
    code: 'sv2-extension-required',
    message: /0x3/,
  });
});

test('a server that is silent, or says something else first, knows none', async (t) => {
  const { client, server } = await loopback(t);
  const silent = await client();
  (await server()).onMessage = () => undefined;
  assert.equal((await negotiateExtensions(silent, [2], { timeoutMs: 30 })).size, 0);
  const here = await client();
  const there = await server();
  there.onMessage = () => there.send(target);
  assert.equal((await negotiateExtensions(here, [2])).size, 0);
  assert.deepEqual(await nextMessage(here), target);
});

test('extensions that were not asked for are not agreed on', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  there.onMessage = () =>
    there.send({ name: 'RequestExtensions.Success', request_id: 1, supported_extensions: [2, 3] });
  assert.deepEqual([...(await negotiateExtensions(here, [3]))], [3]);
});

test('a connection that ends meanwhile is an error', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  there.onMessage = () => there.close();
  await assert.rejects(negotiateExtensions(here, [2]), { code: 'sv2-closed' });
});
