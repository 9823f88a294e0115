import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  layOutChannel,
  layOutUpstream,
  mostRollable,
  OWN_COINBASE,
} from '../../../../domain/extranonce/layout.ts';

test("an upstream's extranonce2 leaves the client as much as it can, and a byte for the jobs", () => {
  const shares = [3, 4, 5, 6, 7, 8, 32].map((size) => {
    const layout = layOutUpstream(size, undefined);
    return layout && [size - layout.fullBytes, layout.counterBytes, mostRollable(layout)];
  });
  assert.deepEqual(shares, [undefined, [1, 1, 2], [1, 1, 3], [1, 1, 4], [1, 2, 4], [2, 2, 4], [26, 2, 4]]);
});

test('the layout in use stays where it fits', () => {
  const narrow = layOutUpstream(4, undefined);
  const roomy = layOutUpstream(8, undefined);
  assert.equal(layOutUpstream(8, narrow), narrow);
  assert.equal(layOutUpstream(7, roomy), roomy);
  assert.equal(layOutUpstream(4, roomy), narrow);
  assert.equal(layOutUpstream(8, OWN_COINBASE), roomy);
  assert.equal(layOutUpstream(3, narrow), undefined);
});

test("a channel's extranonce leaves two bytes for copies of a job and two for channels, and one size is one layout", () => {
  assert.deepEqual(
    [6, 8, 12, 14].map((size) => mostRollable(layOutChannel(size))),
    [2, 4, 8, 10],
  );
  assert.equal(layOutChannel(12), layOutChannel(12));
});
