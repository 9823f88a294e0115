import { fromHex, reversed } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { asRecord, integerField, listField, optionalTextField, textField } from './json-fields.ts';

/** A transaction offered for the next block. */
export interface TemplateTransaction {
  /** Ids in header byte order, without and with witness. */
  readonly txidLe: Uint8Array;
  readonly wtxidLe: Uint8Array;
  /** The whole serialization, witness included. */
  readonly data: Uint8Array;
  /** Satoshis. */
  readonly fee: bigint;
  readonly weight: number;
  /** Cost of its signature operations, as the block's limit counts it. */
  readonly sigops: number;
}

/** bitcoind's proposal for the next block (BIP22, BIP23, BIP145). */
export interface BlockTemplate {
  readonly version: number;
  /** Header byte order. */
  readonly prevHashLe: Uint8Array;
  readonly height: number;
  /** Compact target of the chain. */
  readonly bits: number;
  /** Unix seconds: the node's time, and the earliest time the block may have. */
  readonly currentTime: number;
  readonly minimumTime: number;
  /** Satoshis that the coinbase may pay: subsidy and all fees. */
  readonly coinbaseValue: bigint;
  readonly transactions: readonly TemplateTransaction[];
  /** For each transaction the places, from 0, of those in the block that it spends from. */
  readonly depends: readonly (readonly number[])[];
  /** Output script that commits to all witnesses; undefined where the chain has no segwit. */
  readonly witnessCommitment: Uint8Array | undefined;
  readonly weightLimit: number;
  readonly sigopLimit: number;
  /** To be given to the next long poll; undefined where the node has none. */
  readonly longPollId: string | undefined;
}

/**
 * Transactions by wtxid (hex, display order): most stay from template to template, and are then parsed and kept
 * once, however many templates hold them.
 */
export type TransactionCache = Map<string, TemplateTransaction>;

/**
 * Reads the answer to getblocktemplate, which comes from outside and is believed in nothing but what is checked here.
 * @param known parsed transactions of earlier templates; replaced by those of this one
 * @throws HashpoolError 'bad-block-template' naming the field
 */
export function parseBlockTemplate(answer: unknown, known: TransactionCache): BlockTemplate {
  const template = asRecord(answer, 'the block template');
  const entries = listField(template, 'transactions').map((entry) => asRecord(entry, 'a transaction'));
  const found = entries.map((entry): [string, TemplateTransaction] => {
    const wtxid = textField(entry, 'hash');
    return [wtxid, known.get(wtxid) ?? parseTransaction(entry, wtxid)];
  });
  known.clear();
  for (const [wtxid, transaction] of found) known.set(wtxid, transaction);
  const commitment = optionalTextField(template, 'default_witness_commitment');
  return {
    version: integerField(template, 'version') >>> 0,
    prevHashLe: hashField(template, 'previousblockhash'),
    height: integerField(template, 'height'),
    bits: Number.parseInt(textField(template, 'bits', /^[0-9a-f]{8}$/), 16),
    currentTime: integerField(template, 'curtime'),
    minimumTime: integerField(template, 'mintime'),
    coinbaseValue: BigInt(integerField(template, 'coinbasevalue')),
    transactions: found.map(([, transaction]) => transaction),
    depends: entries.map(dependsOf),
    witnessCommitment:
      commitment === undefined ? undefined : fromHex(commitment, 'default_witness_commitment'),
    weightLimit: integerField(template, 'weightlimit'),
    sigopLimit: integerField(template, 'sigoplimit'),
    longPollId: optionalTextField(template, 'longpollid'),
  };
}

function parseTransaction(entry: Record<string, unknown>, wtxid: string): TemplateTransaction {
  return {
    txidLe: hashField(entry, 'txid'),
    wtxidLe: reversed(fromHex(wtxid, 'hash', 32)),
    data: bytesField(entry, 'data'),
    fee: BigInt(integerField(entry, 'fee')),
    weight: integerField(entry, 'weight'),
    sigops: integerField(entry, 'sigops'),
  };
}

function dependsOf(entry: Record<string, unknown>, place: number): number[] {
  return listField(entry, 'depends').map((oneBased) => {
    const isEarlier =
      typeof oneBased === 'number' && Number.isInteger(oneBased) && oneBased >= 1 && oneBased <= place;
    if (isEarlier) return oneBased - 1;
    throw new HashpoolError('bad-block-template', `depends of transaction ${place + 1} names none before it`);
  });
}

/** Up to millions of hex digits, which Buffer reads faster than our own decoder; it stops at the first that is none. */
function bytesField(record: Record<string, unknown>, name: string): Uint8Array {
  const text = textField(record, name);
  const bytes = Buffer.from(text, 'hex');
  if (bytes.length > 0 && 2 * bytes.length === text.length) return bytes;
  throw new HashpoolError('bad-block-template', `the ${name} of a transaction is not hex`);
}

function hashField(record: Record<string, unknown>, name: string): Uint8Array {
  return reversed(fromHex(textField(record, name), name, 32));
}
