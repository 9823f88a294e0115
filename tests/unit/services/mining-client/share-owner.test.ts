import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  WORKER_NAME_EXTENSION,
} from '../../../../protocols/ehash/extension.ts';
import { decodeTlvs } from '../../../../protocols/sv2/tlv.ts';
import { ShareOwner } from '../../../../services/mining-client/share-owner.ts';

const KEY = Uint8Array.of(2, ...new Uint8Array(32).fill(5));
const ALL = new Set([EHASH_EXTENSION, WORKER_NAME_EXTENSION]);

const said = (owner: ShareOwner, extensions: ReadonlySet<number>) =>
  decodeTlvs(owner.tlvs(extensions), ALL).map(({ extension }) => extension);

test('each connection is told by the extensions that it agreed on, also after another one', () => {
  const owner = new ShareOwner('rig1', KEY);
  const [both, none, keys] = [ALL, new Set<number>(), new Set([EHASH_EXTENSION])];
  assert.deepEqual(said(owner, both), [WORKER_NAME_EXTENSION, EHASH_EXTENSION]);
  assert.deepEqual(said(owner, none), []);
  assert.deepEqual(said(owner, keys), [EHASH_EXTENSION]);
  assert.deepEqual(said(owner, both), [WORKER_NAME_EXTENSION, EHASH_EXTENSION]);
  assert.equal(owner.tlvs(both), owner.tlvs(both), 'it is put together once');
  const [key] = decodeTlvs(owner.tlvs(keys), ALL);
  assert.equal(key?.field, LOCKING_KEY_FIELD);
  assert.deepEqual(new Uint8Array(key.value), KEY);
});

test('without a key of its own the channel keeps its', () => {
  const owner = new ShareOwner('rig "7"', undefined);
  assert.deepEqual(said(owner, ALL), [WORKER_NAME_EXTENSION]);
  assert.deepEqual(JSON.parse(`[${Buffer.from(owner.journalText)}]`), ['rig "7"', null]);
});
