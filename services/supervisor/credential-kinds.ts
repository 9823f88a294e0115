import { createHash } from 'node:crypto';
import { generateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import {
  decodeAuthoritySecretKey,
  encodeAuthorityPublicKey,
  encodeAuthoritySecretKey,
} from '../../protocols/sv2/authority-key.ts';
import { rpcAuthLine } from '../bitcoind/arguments.ts';
import { LOOKER, lookerLines } from '../bitcoind/looker.ts';
import type { Credential } from './roles-table.ts';

/** What a kind of credential needs: the curve, and bytes that nobody can guess. */
export interface KeyTools {
  readonly curve: Curve;
  randomBytes(length: number): Uint8Array;
}

interface Kind {
  /** A new secret, as the text of its file. */
  generate(tools: KeyTools): string;
  /** What peers may know of it, as the text of the published file. */
  publish?(secret: string, tools: KeyTools): string;
}

const MNEMONIC_BITS = 128;

const signingKey: Kind = {
  generate: (tools) => toHex(newSecretKey(tools)),
  publish: (secret, { curve }) => toHex(curve.publicKey(fromHex(secret, 'the secret key', 32))),
};

const kinds: Record<Credential['kind'], Kind> = {
  'authority-key': {
    generate: (tools) => encodeAuthoritySecretKey(newSecretKey(tools)),
    publish: (secret, { curve }) =>
      encodeAuthorityPublicKey(curve.xOnly(curve.publicKey(decodeAuthoritySecretKey(secret)))),
  },
  'issuer-key': signingKey,
  'token-key': signingKey,
  'pool-id': signingKey,
  seed: { generate: ({ randomBytes }) => toHex(randomBytes(32)) },
  mnemonic: { generate: () => generateMnemonic(wordlist, MNEMONIC_BITS) },
  'rpc-password': {
    generate: ({ randomBytes }) => `hashpool:${toHex(randomBytes(16))}`,
    publish: (secret) => `rpcauth=${rpcAuthLine(secret, saltOf(secret))}`,
  },
  'rpc-look': {
    generate: ({ randomBytes }) => `${LOOKER}:${toHex(randomBytes(16))}`,
    publish: (secret) => lookerLines(secret, saltOf(secret)).join('\n'),
  },
};

/** The same file at every start, so that a node that runs need not read it again. */
function saltOf(secret: string): string {
  return createHash('sha256').update(`hashpool rpcauth salt ${secret}`).digest('hex').slice(0, 32);
}

/** A new secret of a kind, as the text of its file. */
export function generateSecret(kind: Credential['kind'], tools: KeyTools): string {
  return kinds[kind].generate(tools);
}

/**
 * The public side of a secret, as the text of its published file.
 * @throws HashpoolError 'not-public' where the kind has none, or the key's own error where it is malformed
 */
export function publicSide(kind: Credential['kind'], secret: string, tools: KeyTools): string {
  const publish = kinds[kind].publish;
  if (publish === undefined)
    throw new HashpoolError('not-public', `a credential of kind ${kind} has no public side`);
  return publish(secret, tools);
}

function newSecretKey(tools: KeyTools): Uint8Array {
  for (;;) {
    const bytes = tools.randomBytes(32);
    // All but one in 2^128 are below the order.
    if (tools.curve.isSecretKey(bytes)) return bytes;
  }
}
