import { packWorkRecord, WORK_RECORD_BYTES } from '../../../../protocols/ehash/work-record.ts';
import { Outbox } from '../../../../roles/pool/outbox/outbox.ts';

/** Appends shares to an outbox until it is killed, and tells its parent after each commit how far it came. */
const outbox = await Outbox.open(process.argv[2] ?? '');
const COMMIT = 20;
for (;;) {
  const packed = new Uint8Array(COMMIT * WORK_RECORD_BYTES);
  for (let i = 0; i < COMMIT; i++) {
    const header = new Uint8Array(80);
    new DataView(header.buffer).setUint32(76, outbox.lastSeq + i + 1);
    packWorkRecord(packed, i * WORK_RECORD_BYTES, header, 20, new Uint8Array(33).fill(2));
  }
  const { last } = await outbox.append(packed, COMMIT);
  process.send?.(last);
}
