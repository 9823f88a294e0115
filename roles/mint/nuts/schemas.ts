import { type Static, type TSchema, Type } from 'typebox';
import type { Input, Output } from '../../../domain/ledger/tokens.ts';
import { fromHex } from '../../../protocols/bytes.ts';
import { exponentOf } from '../../../protocols/cashu/amount.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { MAX_SIGNATURES } from '../../../protocols/cashu/nut11.ts';
import type { BlankOutput } from '../payments/melts.ts';

/**
 * The shapes that requests are made of. `description` completes "must be …" in the error that names the field.
 * Numbers of inputs, outputs and quotes are left to the rules: the spec has error codes for them.
 */
export const MAX_SECRET_CHARACTERS = 1024;
/** Room for a preimage and a signature by each key that a secret has room for. */
export const MAX_WITNESS_CHARACTERS = 2048;

export const amount = Type.Union([Type.Integer({ minimum: 1 }), Type.BigInt({ minimum: 1n })], {
  description: 'a positive integer',
});

export const point = Type.String({
  pattern: '^0[23][0-9a-fA-F]{64}$',
  description: 'a compressed point in hex, 66 digits that begin with 02 or 03',
});

export const keysetIdField = Type.String({
  pattern: '^[0-9a-fA-F]{16}$|^[0-9a-fA-F]{66}$',
  description: 'the id of a keyset in hex, as /v1/keysets shows it',
});

export const schnorrSignature = Type.String({
  pattern: '^[0-9a-fA-F]{128}$',
  description: 'a BIP340 signature in hex, 128 digits',
});

/** A field that may be left out or null, both of which wallets do. */
export function nullable<T extends TSchema>(schema: T, description: string) {
  return Type.Optional(Type.Union([schema, Type.Null()], { description }));
}

export const unitField = Type.String({ minLength: 1, maxLength: 200, description: 'a unit of this mint' });

export const quoteIdField = Type.String({ maxLength: 64, description: 'the id of a quote' });

/** A BlindedMessage of NUT-00. */
export const blindedMessage = Type.Object(
  { amount, id: keysetIdField, B_: point },
  { description: 'an object with amount, id and B_' },
);

/** A witness of NUT-11 or NUT-14: JSON in a text, or the object itself, which some wallets send. */
const witness = Type.Union(
  [
    Type.String({ maxLength: MAX_WITNESS_CHARACTERS }),
    Type.Object({
      signatures: nullable(
        Type.Array(Type.String({ maxLength: 128 }), { maxItems: MAX_SIGNATURES }),
        'a list of texts',
      ),
      preimage: nullable(Type.String({ maxLength: 64 }), 'a text'),
    }),
    Type.Null(),
  ],
  {
    description: `a text of at most ${MAX_WITNESS_CHARACTERS} characters, or an object with signatures and preimage`,
  },
);

/** A Proof of NUT-00. */
export const proof = Type.Object(
  {
    amount,
    id: keysetIdField,
    secret: Type.String({
      minLength: 1,
      maxLength: MAX_SECRET_CHARACTERS,
      description: `a text of 1 to ${MAX_SECRET_CHARACTERS} characters`,
    }),
    C: point,
    witness: Type.Optional(witness),
  },
  { description: 'an object with amount, id, secret and C' },
);

/** A blinded message that becomes change (NUT-08); its amount is not looked at. */
const blankOutput = Type.Object(
  {
    amount: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.BigInt({ minimum: 0n })])),
    id: keysetIdField,
    B_: point,
  },
  { description: 'an object with id and B_' },
);

export const blankOutputsField = Type.Array(blankOutput, { description: 'a list of blinded messages' });

/** Blank outputs as melts take them. */
export function blankOutputsOf(outputs: Static<typeof blankOutputsField>): BlankOutput[] {
  return outputs.map(({ amount, id, B_ }) => {
    return { keysetId: id.toLowerCase(), amount: BigInt(amount ?? 0), blinded: fromHex(B_) };
  });
}

export const outputsField = Type.Array(blindedMessage, { description: 'a list of blinded messages' });
export const inputsField = Type.Array(proof, { description: 'a list of proofs' });

/** Outputs as the rules take them. @throws HashpoolError 'amount-out-of-range' */
export function outputsOf(outputs: Static<typeof outputsField>): Output[] {
  return outputs.map((output, i) => ({
    keysetId: output.id.toLowerCase(),
    exponent: exponentField(output.amount, `outputs[${i}].amount`),
    blinded: fromHex(output.B_),
  }));
}

/** Inputs as the rules take them. @throws HashpoolError 'amount-out-of-range' */
export function inputsOf(inputs: Static<typeof inputsField>): Input[] {
  return inputs.map((input, i) => ({
    keysetId: input.id.toLowerCase(),
    exponent: exponentField(input.amount, `inputs[${i}].amount`),
    secret: input.secret,
    signature: fromHex(input.C),
    ...witnessOf(input.witness),
  }));
}

/** As a text, in which form it is stored and given out again; of an object only what a witness has. */
function witnessOf(given: Static<typeof witness> | undefined): Pick<Input, 'witness'> {
  if (given === undefined || given === null || given === '') return {};
  if (typeof given === 'string') return { witness: given };
  const { preimage, signatures } = given;
  return { witness: JSON.stringify({ preimage: preimage ?? undefined, signatures: signatures ?? [] }) };
}

function exponentField(value: Static<typeof amount>, where: string): number {
  const exponent = exponentOf(value);
  if (exponent !== undefined) return exponent;
  throw cashuError(
    'amount-out-of-range',
    `${where} is ${value}; take a power of two of 1 to 2^62, as /v1/keys lists`,
  );
}
