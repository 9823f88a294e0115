import { parseJson } from '../../../../protocols/cashu/json.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';

/** How a payment ends, as NUT-05 has its states; FAILED is for good. */
export type FakeEnd = 'PAID' | 'PENDING' | 'FAILED' | 'UNKNOWN';

/** What the fake backend does with an invoice. */
export interface Instructions {
  /** What `pay` answers, and what every look-up afterwards. */
  readonly pay: FakeEnd;
  readonly check: FakeEnd;
  /** Whether `pay` throws, after the payment was made or not made; whether look-ups do. */
  readonly payThrows: boolean;
  readonly checkThrows: boolean;
  /** Milliseconds before `pay` answers; the payment itself is made at once. */
  readonly delayMs: number;
}

const MAX_DELAY_MS = 60_000;

/**
 * Reads what an invoice's description asks for: JSON with the fields `pay_invoice_state`, `check_payment_state`,
 * `pay_err` and `check_err`, as CDK's fake wallet has them for its tests, and `delay_ms`. Any other text: paid.
 */
export function instructionsOf(description: string | Uint8Array): Instructions {
  const fields = typeof description === 'string' ? fieldsOf(description) : {};
  const pay = endOf(fields['pay_invoice_state']);
  return {
    pay,
    check: fields['check_payment_state'] === undefined ? pay : endOf(fields['check_payment_state']),
    payThrows: fields['pay_err'] === true,
    checkThrows: fields['check_err'] === true,
    delayMs: Math.min(Number(fields['delay_ms'] ?? 0) || 0, MAX_DELAY_MS),
  };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith('{')) return {};
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch (error) {
    // Descriptions are anybody's words.
    if (isHashpoolError(error, 'bad-json')) return {};
    throw error;
  }
}

function endOf(state: unknown): FakeEnd {
  if (state === 'PENDING' || state === 'UNKNOWN') return state;
  return state === 'FAILED' || state === 'UNPAID' ? 'FAILED' : 'PAID';
}
