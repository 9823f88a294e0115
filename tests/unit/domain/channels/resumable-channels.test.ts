import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  MAX_CUT_CHANNELS,
  ResumableChannels,
  resumeName,
} from '../../../../domain/channels/resumable-channels.ts';

const KEPT_MS = 1000;
const key = new Uint8Array(33).fill(2);
const token = (fill: number) => new Uint8Array(16).fill(fill);
const channel = (fill: number) => ({ resumeName: resumeName(token(fill), 'user', key) });

function kept() {
  const dropped: { resumeName: string | undefined }[] = [];
  const channels = new ResumableChannels<{ resumeName: string | undefined }>(KEPT_MS, (each) => {
    dropped.push(each);
  });
  return { channels, dropped };
}

const notAsked = () => assert.fail('its connection is gone already');

describe('a cut channel', () => {
  it('goes to whoever has token, identity and key, once', () => {
    const { channels } = kept();
    const cut = channel(1);
    channels.hold(cut, notAsked);
    assert.equal(channels.cut(cut, 0), true);
    const strangers = [
      resumeName(token(2), 'user', key),
      resumeName(token(1), 'other', key),
      resumeName(token(1), 'user', new Uint8Array(33).fill(3)),
      resumeName(token(1), 'user', undefined),
    ];
    for (const name of strangers) assert.equal(channels.take(name), undefined);
    assert.equal(channels.take(cut.resumeName)?.channel, cut);
    assert.equal(channels.take(cut.resumeName), undefined);
    assert.equal(channels.waiting, 0);
  });

  it('is dropped when nobody comes for it in time', () => {
    const { channels, dropped } = kept();
    const [first, second] = [channel(1), channel(2)];
    for (const each of [first, second]) channels.hold(each, notAsked);
    channels.cut(first, 0);
    channels.cut(second, 10);
    channels.expire(KEPT_MS - 1);
    assert.deepEqual(dropped, []);
    channels.expire(KEPT_MS);
    assert.deepEqual(dropped, [first]);
    assert.equal(channels.take(first.resumeName), undefined);
    const taken = channels.take(second.resumeName);
    assert.equal(taken?.channel, second);
    assert.equal(taken.cutAt, 10);
    channels.expire(10 * KEPT_MS);
    assert.deepEqual(dropped, [first]);
  });

  it('gives way where too many are kept', () => {
    const { channels, dropped } = kept();
    for (let i = 0; i <= MAX_CUT_CHANNELS; i++) {
      const each = { resumeName: `${i}` };
      channels.hold(each, notAsked);
      channels.cut(each, i / MAX_CUT_CHANNELS);
    }
    assert.equal(channels.waiting, MAX_CUT_CHANNELS);
    assert.deepEqual(dropped, [{ resumeName: '0' }]);
  });

  it('is over without a token, and once it was closed', () => {
    const { channels } = kept();
    const nameless = { resumeName: undefined };
    channels.hold(nameless, notAsked);
    assert.equal(channels.cut(nameless, 0), false);
    const closed = channel(1);
    channels.hold(closed, notAsked);
    channels.forget(closed);
    assert.equal(channels.cut(closed, 0), false);
  });
});

it('a channel whose connection still seems to live is taken from it, and no longer that one’s', () => {
  const { channels, dropped } = kept();
  const [old, renewed] = [channel(1), channel(1)];
  let taken = 0;
  channels.hold(old, () => void taken++);
  const held = channels.take(old.resumeName);
  assert.equal(held?.channel, old);
  assert.equal(held.cutAt, undefined);
  assert.equal(taken, 1);
  channels.hold(renewed, notAsked);
  assert.equal(channels.cut(old, 0), false);
  channels.forget(old);
  assert.equal(channels.cut(renewed, 0), true, 'the name is the new one’s');
  assert.deepEqual(dropped, []);
});
