import type { FastifyInstance } from 'fastify';
import { toHex } from '../../../protocols/bytes.ts';
import type { Engine } from '../engine.ts';
import { MAX_BATCH } from '../mint-request.ts';
import { METHOD } from './answers.ts';
import { MAX_LOOKUP_KEYS, MAX_LOOKUP_PAGE } from './quote-lookup.ts';

/** Requests that may be sent again and have the same answer (NUT-19). */
const repeatable = ['/v1/swap', `/v1/mint/${METHOD}`, `/v1/mint/${METHOD}/batch`];

/** What the operator says about the mint. */
export interface MintDescription {
  readonly name: string;
  readonly description: string;
  /** Where wallets reach it. */
  readonly url: string;
  /** Name and version of the software. */
  readonly version: string;
}

/** NUT-06: what this mint is and can do; what it can't is not claimed. */
export function nut06(
  http: FastifyInstance,
  engine: Engine,
  { name, description, url, version }: MintDescription,
): void {
  http.get('/v1/info', async () => ({
    name,
    pubkey: toHex(engine.signer.identity),
    version,
    description,
    urls: [url],
    time: Math.floor(Date.now() / 1000),
    nuts: nutsOf(engine),
  }));
}

function nutsOf(engine: Engine) {
  const units = [...engine.keysets.all.values()].filter(({ isActive }) => isActive).map(({ unit }) => unit);
  const methods = units.map((unit) => ({
    method: METHOD,
    unit,
    method_name: 'Ehash',
    min_amount: null,
    max_amount: null,
  }));
  return {
    '4': { methods, disabled: methods.length === 0 },
    '5': { methods: [], disabled: true },
    '7': { supported: true },
    '9': { supported: true },
    '10': { supported: true },
    '11': { supported: true },
    '12': { supported: true },
    '14': { supported: true },
    // The ledger remembers (replays.ts), and forgets nothing.
    '19': { ttl: null, cached_endpoints: repeatable.map((path) => ({ method: 'POST', path })) },
    '20': { supported: true },
    '29': { max_batch_size: MAX_BATCH, methods: [METHOD] },
    // nuts#391 has no number yet.
    XX: { supported: true, max_pubkeys: MAX_LOOKUP_KEYS, max_page_size: MAX_LOOKUP_PAGE },
  };
}
