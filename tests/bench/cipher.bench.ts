import { threadCipher } from '../../runtime/cipher.ts';
import { type Figure, loop } from './figure.ts';

const cipher = await threadCipher();

const key = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(12);
const none = new Uint8Array(0);

/** Header (6 B) and payload of a SubmitSharesExtended: a message costs two of these. */
const header = new Uint8Array(6);
const payload = new Uint8Array(60);

export const seal = loop('SV2 message sealed: header and 60 B', () => () => {
  cipher.encrypt(key, nonce, none, header);
  cipher.encrypt(key, nonce, none, payload);
});

export const unseal = loop('SV2 message opened: header and 60 B', () => {
  const sealedHeader = cipher.encrypt(key, nonce, none, header);
  const sealedPayload = cipher.encrypt(key, nonce, none, payload);
  return () => {
    cipher.decrypt(key, nonce, none, sealedHeader);
    cipher.decrypt(key, nonce, none, sealedPayload);
  };
});

export const figures: Figure[] = [seal, unseal];
