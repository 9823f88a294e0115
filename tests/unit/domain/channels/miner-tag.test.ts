import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_MINER_TAGS, MinerTags, minerTag } from '../../../../domain/channels/miner-tag.ts';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const hpub = encodeHpub(KEY);

describe("a miner's tag", () => {
  it('is its worker behind a key, or its name, cut and clean', () => {
    const cases = [
      ['alice', 'alice'],
      ['alice.rig1', 'alice'],
      [`${hpub}.rig1`, 'rig1'],
      [`${toHex(KEY)}.rig one`, 'rig one'],
      ['/evil/pool/', 'evilpool'],
      ['\u0000M\u00fcnze\n', 'Mnze'],
      ['0123456789abcdef', '0123456789ab'],
      ['elevenchars x', 'elevenchars'],
    ] as const;
    for (const [identity, tag] of cases) assert.equal(minerTag(identity, 12), tag);
  });

  it('is never a key or a part of one, and none where that is the rule', () => {
    const identities = [
      hpub,
      toHex(KEY),
      `${hpub}x`,
      `${hpub}.${hpub}`,
      `${hpub}.${toHex(KEY)}`,
      `05${'11'.repeat(32)}`,
    ];
    for (const identity of identities) assert.equal(minerTag(identity, 60), '');
    assert.equal(minerTag('alice', 0), '');
  });

  it('is one of so many, and free again with its last channel', () => {
    const tags = new MinerTags(20);
    for (let i = 0; i < MAX_MINER_TAGS; i++) assert.equal(tags.take(`rig ${i}`), `rig ${i}`);
    assert.equal(tags.take('one more'), '');
    assert.equal(tags.take('rig 7'), 'rig 7', 'it is there already');
    tags.release('rig 7');
    assert.equal(tags.take('one more'), '', 'another channel has it still');
    tags.release('rig 7');
    tags.release('');
    assert.equal(tags.take('one more'), 'one more');
    assert.equal(tags.size, MAX_MINER_TAGS);
    tags.setMaxLength(3);
    assert.equal(tags.exchange('one more', 'one more'), 'one');
    tags.setMaxLength(0);
    assert.equal(tags.exchange('one', 'one more'), '');
    assert.equal(tags.size, MAX_MINER_TAGS - 1);
  });
});
