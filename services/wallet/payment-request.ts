import { randomBytes } from 'node:crypto';
import {
  getDecodedToken,
  normalizeMintUrl,
  PaymentRequest,
  PaymentRequestTransportType,
} from '@cashu/cashu-ts';
import { toHex } from '../../protocols/bytes.ts';
import { stringifyJson } from '../../protocols/cashu/json.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { LockKeys } from './lock-keys.ts';
import type { Lock } from './locked-outputs.ts';
import { type Sender, unitNamed } from './send.ts';
import type { Parts } from './settle.ts';

/** Characters of a request that are read. */
const LONGEST_REQUEST = 8192;
/** A payee's server has this long to take a payment. */
const DELIVERY_TIMEOUT_MS = 20_000;

/** What is asked of a payer (NUT-18). */
export interface RequestTerms {
  readonly amount: bigint;
  /** Needed where the mint signs several. */
  readonly unit?: string | undefined;
  readonly description?: string | undefined;
  /** Where the payer is to POST the payment; left out, it hands the token over by itself. */
  readonly post?: string | undefined;
  /** Whether the payment is to be locked to a key of this wallet (NUT-11). */
  readonly isLocked?: boolean | undefined;
}

export interface EncodedRequest {
  /** NUT-18. */
  readonly creqA: string;
  /** NUT-26. */
  readonly creqB: string;
}

export interface Payment {
  readonly amount: bigint;
  readonly unit: string;
  readonly description: string;
  readonly token: string;
  /** Where it was delivered; undefined where the token is to be handed over. */
  readonly deliveredTo: string | undefined;
}

/**
 * A request for a payment to this wallet.
 * @throws HashpoolError 'bad-amount', 'unit-needed', 'bad-url'
 */
export function makeRequest(parts: Parts, lockKeys: LockKeys, terms: RequestTerms): EncodedRequest {
  const { amount, description, post, isLocked } = terms;
  if (amount <= 0n) throw new HashpoolError('bad-amount', `the amount must be 1 or more, not ${amount}`);
  const id = toHex(randomBytes(4));
  const key = isLocked ? lockKeys.forPurpose(`request ${id}`, parts.clock()) : undefined;
  const request = new PaymentRequest(
    post === undefined ? [] : [{ type: PaymentRequestTransportType.POST, target: checkedUrl(post) }],
    id,
    amount,
    signedUnit(parts, terms.unit),
    [parts.mint.url],
    description,
    true,
    key && { kind: 'P2PK', data: key.publicKey, tags: [] },
  );
  return { creqA: request.toEncodedCreqA(), creqB: request.toEncodedCreqB() };
}

/**
 * Pays a request of either encoding, in the lock that it asks for: by POST where it names an address, else the token is
 * the caller's to hand over.
 * @param given.amount where the request names none
 * @throws HashpoolError 'bad-request', 'wrong-mint', 'bad-amount', 'no-transport', 'not-delivered', and those of `send`
 */
export async function pay(
  parts: Parts,
  sender: Sender,
  given: { request: string; amount?: bigint | undefined; unit?: string | undefined },
): Promise<Payment> {
  const request = decode(given.request.trim());
  const { id, mints = [], description = '' } = request;
  if (mints.length > 0 && !mints.some((mint) => isSameMint(mint, parts.mint.url))) {
    throw new HashpoolError(
      'wrong-mint',
      `the request wants tokens of ${mints.join(' or ')}; this wallet has those of ${parts.mint.url} only`,
    );
  }
  const amount = agreedAmount(request.amount?.toBigInt(), given.amount);
  const unit = request.unit ?? unitNamed(parts, given.unit);
  const target = postTarget(request);
  const note = ['payment request', id, description].filter(Boolean).join(' ');
  const token = await sender.send({ amount, unit, lock: lockOfRequest(request), note });
  if (target !== undefined) await deliver(parts, target, { id, unit, token });
  return { amount, unit, description, token, deliveredTo: target };
}

function decode(text: string): PaymentRequest {
  try {
    if (text.length <= LONGEST_REQUEST) return PaymentRequest.fromEncodedRequest(text);
  } catch (cause) {
    throw new HashpoolError(
      'bad-request',
      'this is no payment request (creqA… or creqB1…): copy it again, whole',
      { cause },
    );
  }
  throw new HashpoolError('bad-request', `the payment request passes ${LONGEST_REQUEST} characters`);
}

function isSameMint(named: string, ours: string): boolean {
  try {
    return normalizeMintUrl(named) === ours;
  } catch {
    // A mint that has no address is none of ours.
    return false;
  }
}

function agreedAmount(asked: bigint | undefined, given: bigint | undefined): bigint {
  if (asked !== undefined && given !== undefined && asked !== given) {
    throw new HashpoolError(
      'bad-amount',
      `the request is for ${asked}, not for ${given}: leave the amount out`,
    );
  }
  const amount = asked ?? given;
  if (amount === undefined) throw new HashpoolError('bad-amount', 'the request names no amount: name one');
  return amount;
}

/** The first address for a POST, or undefined where the token is handed over in-band. */
function postTarget({ transport = [] }: PaymentRequest): string | undefined {
  if (transport.length === 0) return undefined;
  const post = transport.find(({ type }) => type === PaymentRequestTransportType.POST);
  if (post) return checkedUrl(post.target);
  throw new HashpoolError(
    'no-transport',
    `the request wants to be paid by ${transport.map(({ type }) => type).join(', ')}; this wallet pays by POST or hands the token over`,
  );
}

function lockOfRequest({ nut10 }: PaymentRequest): Lock | undefined {
  if (!nut10) return undefined;
  const { kind, data, tags = [] } = nut10;
  if (kind === 'P2PK' || kind === 'HTLC') return { kind, data, tags };
  throw new HashpoolError(
    'bad-lock',
    `the request wants a lock of kind ${kind}; this wallet makes P2PK and HTLC`,
  );
}

/** @throws HashpoolError 'not-delivered'; the token is on the list of sent ones then */
async function deliver(
  { mint, keysets }: Parts,
  target: string,
  { id, unit, token }: { id: string | undefined; unit: string; token: string },
): Promise<void> {
  const { proofs } = getDecodedToken(
    token,
    keysets.all().map((keyset) => keyset.id),
  );
  const exact = proofs.map((proof) => ({ ...proof, amount: proof.amount.toBigInt() }));
  const body = stringifyJson({ id, mint: mint.url, unit, proofs: exact });
  const undelivered = (why: string, cause?: unknown) =>
    new HashpoolError(
      'not-delivered',
      `${target} did not confirm the payment (${why}): the token is on the list of sent ones, hand it over or receive it back`,
      { cause },
    );
  const { ok, status } = await fetch(target, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw undelivered(messageOf(cause), cause);
  });
  if (!ok) throw undelivered(`it answered ${status}`);
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new HashpoolError('bad-url', `the address ${text.slice(0, 100)} must begin with http:// or https://`);
}

/** The unit that new tokens are made of, where there is only one. */
/** The unit that is meant, of those that the mint signs; the end of one is enough. */
function signedUnit({ keysets }: Parts, wanted = ''): string {
  const units = keysets.activeUnits();
  if (units.includes(wanted)) return wanted;
  const [unit, ...others] = units.filter((each) => each.endsWith(wanted));
  if (unit !== undefined && others.length === 0) return unit;
  throw new HashpoolError(
    'unit-needed',
    `say in which unit by --unit, of which the end is enough: the mint signs ${units.join(', ') || 'none'}`,
  );
}
