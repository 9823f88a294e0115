import { toHex, utf8 } from '../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  WORKER_NAME_EXTENSION,
} from '../../protocols/ehash/extension.ts';
import { encodeWorkerName } from '../../protocols/sv2/extensions/worker-names.ts';
import { encodeTlvs, type Tlv } from '../../protocols/sv2/tlv.ts';

/** Who shares are for. What is said of that with each of them is put together once. */
export class ShareOwner {
  readonly worker: string;
  /** The 33-byte point that the ehash is locked to; undefined leaves the channel's. */
  readonly lockingKey: Uint8Array | undefined;
  #journalText: Uint8Array | undefined;
  #tlvs: Uint8Array | undefined;
  #extensions: ReadonlySet<number> | undefined;

  constructor(worker: string, lockingKey: Uint8Array | undefined) {
    this.worker = worker;
    this.lockingKey = lockingKey;
  }

  /** Its fields in a line of the journal, of JSON. */
  get journalText(): Uint8Array {
    this.#journalText ??= utf8(`${JSON.stringify(this.worker)},${JSON.stringify(this.#keyHex)}`);
    return this.#journalText;
  }

  /**
   * What a share says of it: the name first, then the key, as the extension's text fixes it.
   * @param extensions that the connection agreed on, the same set for all its shares
   */
  tlvs(extensions: ReadonlySet<number>): Uint8Array {
    if (this.#tlvs === undefined || this.#extensions !== extensions) {
      this.#tlvs = encodeTlvs(this.#said(extensions));
      this.#extensions = extensions;
    }
    return this.#tlvs;
  }

  get #keyHex(): string | null {
    return this.lockingKey === undefined ? null : toHex(this.lockingKey);
  }

  #said(extensions: ReadonlySet<number>): Tlv[] {
    const { worker, lockingKey } = this;
    const tlvs: Tlv[] = [];
    if (extensions.has(WORKER_NAME_EXTENSION)) tlvs.push(encodeWorkerName(worker));
    if (extensions.has(EHASH_EXTENSION) && lockingKey !== undefined)
      tlvs.push({ extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: lockingKey });
    return tlvs;
  }
}
