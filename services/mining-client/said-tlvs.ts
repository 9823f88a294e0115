import {
  EHASH_EXTENSION,
  encodeFixedTarget,
  FIXED_TARGET_FIELD,
  LOCKING_KEY_FIELD,
  RESUME_TOKEN_FIELD,
} from '../../protocols/ehash/extension.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { ChannelWish } from './channel.ts';
import type { OpenRequest } from './session.ts';

/** What one connection's messages say beside their own fields, by the extensions that were agreed on. */
export class SaidTlvs {
  readonly #extensions: ReadonlySet<number>;

  constructor(extensions: ReadonlySet<number>) {
    this.#extensions = extensions;
  }

  get #saysEhash(): boolean {
    return this.#extensions.has(EHASH_EXTENSION);
  }

  ofOpening(request: OpenRequest): Tlv[] {
    if (!this.#saysEhash) return [];
    const { lockingKey, resumeToken } = request;
    const tlvs: Tlv[] = [];
    if (lockingKey !== undefined) tlvs.push(ehashTlv(LOCKING_KEY_FIELD, lockingKey));
    if (resumeToken !== undefined) tlvs.push(ehashTlv(RESUME_TOKEN_FIELD, resumeToken));
    return [...tlvs, ...this.ofWish(request)];
  }

  ofWish({ isFixed = false, miners }: Pick<ChannelWish, 'isFixed' | 'miners'>): Tlv[] {
    return isFixed && this.#saysEhash ? [ehashTlv(FIXED_TARGET_FIELD, encodeFixedTarget(miners))] : [];
  }
}

function ehashTlv(field: number, value: Uint8Array): Tlv {
  return { extension: EHASH_EXTENSION, field, value };
}
