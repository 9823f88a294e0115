import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BLOCK_STATES,
  type BlockState,
  type CoinbasePayouts,
  decodeBlockState,
  decodeCoinbasePayouts,
  decodeTerms,
  encodeBlockState,
  encodeCoinbasePayouts,
  encodeTerms,
  issuerProof,
  MAX_RECORDS_PER_SUBMIT,
  type Terms,
  WORK_LINK_FRAME_CAP,
  type WorkLinkMessage,
  workLinkProtocol,
} from '../../../../protocols/ehash/work-link.ts';
import { WORK_RECORD_BYTES } from '../../../../protocols/ehash/work-record.ts';

const outbox_id = new Uint8Array(16).fill(7);
const terms: Terms = {
  policy: 'hash',
  minimumDifficulty: 24,
  unit: 'hash_02_1',
  keysetId: new Uint8Array(33).fill(1),
};

function roundtrip(message: WorkLinkMessage): WorkLinkMessage {
  return workLinkProtocol.decode(workLinkProtocol.encode(message)).message;
}

describe('work link messages', () => {
  it('come back as they were sent', () => {
    const messages: WorkLinkMessage[] = [
      {
        name: 'OpenWorkLink',
        pool_id: new Uint8Array(33).fill(2),
        outbox_id,
        server_id: 65535,
        issuer_key: new Uint8Array(33).fill(3),
        signature: new Uint8Array(64).fill(4),
        reward_script: new Uint8Array(22).fill(5),
      },
      { name: 'WorkLinkRefused', error_code: 'server-id-in-use', reason: 'in words' },
      { name: 'SubmitWork', outbox_id, first_seq: 2n ** 60n, records: new Uint8Array(114) },
      {
        name: 'WorkAck',
        outbox_id,
        stored_seq: 5n,
        backed_up_seq: 0n,
        unplaced: 3,
        refusals: [{ seq: 3n, reason: 'unknown tip' }],
      },
    ];
    for (const message of messages) assert.deepEqual(roundtrip(message), message);
  });

  it('carry the terms, and refuse a policy of the future', () => {
    const message = roundtrip(encodeTerms(terms));
    assert.ok(message.name === 'Terms');
    assert.deepEqual(decodeTerms(message), terms);
    assert.throws(() => decodeTerms({ ...message, policy: 2 }), {
      code: 'unknown-policy',
      message: /update the pool/,
    });
  });

  it('carry how a block stands, and leave out a state of the future', () => {
    for (const state of BLOCK_STATES) {
      const block: BlockState = {
        hashLe: new Uint8Array(32).fill(5),
        height: 840_000,
        state,
        confirmations: 6,
      };
      const message = roundtrip(encodeBlockState(block));
      assert.ok(message.name === 'BlockState');
      assert.deepEqual(decodeBlockState(message), block);
      assert.equal(decodeBlockState({ ...message, state: BLOCK_STATES.length }), undefined);
    }
  });

  it('carry payouts, and refuse outputs that are cut short', () => {
    const payouts: CoinbasePayouts = {
      id: 2n ** 60n,
      prevHashLe: new Uint8Array(32).fill(7),
      outputs: [
        { value: 1n, script: new Uint8Array(22) },
        { value: 2_100_000_000_000_000n, script: new Uint8Array(300) },
      ],
    };
    const message = roundtrip(encodeCoinbasePayouts(payouts));
    assert.ok(message.name === 'CoinbasePayouts');
    assert.deepEqual(decodeCoinbasePayouts(message), payouts);
    const cut = { ...message, outputs: message.outputs.subarray(0, -1) };
    assert.throws(() => decodeCoinbasePayouts(cut), { code: 'cut-short' });
    assert.deepEqual(decodeCoinbasePayouts({ ...message, outputs: new Uint8Array(0) }).outputs, []);
  });

  it('stay within the frame cap at their largest', () => {
    const records = new Uint8Array(MAX_RECORDS_PER_SUBMIT * WORK_RECORD_BYTES);
    const submit = workLinkProtocol.encode({ name: 'SubmitWork', outbox_id, first_seq: 1n, records });
    const refusals = Array.from({ length: MAX_RECORDS_PER_SUBMIT }, () => ({
      seq: 1n,
      reason: 'x'.repeat(252),
    }));
    const ack = workLinkProtocol.encode({
      name: 'WorkAck',
      outbox_id,
      stored_seq: 1n,
      backed_up_seq: 1n,
      unplaced: 3,
      refusals,
    });
    assert.ok(submit.length < WORK_LINK_FRAME_CAP && ack.length < WORK_LINK_FRAME_CAP);
  });

  it('bind the issuer to the handshake', () => {
    const proof = issuerProof(new Uint8Array(32).fill(9));
    assert.equal(new TextDecoder().decode(proof.subarray(0, 18)), 'hashpool-issuer-v1');
    assert.deepEqual(proof.subarray(18), new Uint8Array(32).fill(9));
  });
});
