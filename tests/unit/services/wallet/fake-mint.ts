import { hash, randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Amount,
  createNewMintKeys,
  isHTLCSpendAuthorised,
  isP2PKSpendAuthorised,
  JSONInt,
  serializeMintKeys,
} from '@cashu/cashu-ts';
import { fromHex, toHex, utf8 } from '../../../../protocols/bytes.ts';
import { mintMessage } from '../../../../protocols/cashu/nut20.ts';
import { quoteLookupMessage } from '../../../../protocols/cashu/quote-lookup.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

/** What a test does with one request instead of answering it: before the mint has worked on it, or after. */
export type Fault =
  | 'drop-request'
  | 'drop-answer'
  | 'forge-dleq'
  | 'unavailable'
  | 'refuse'
  | 'pending'
  | 'too-many';

interface FakeQuote {
  method: 'ehash' | 'bolt11';
  quote: string;
  pubkey: string;
  request: string;
  unit: string;
  amount: bigint;
  state: 'UNPAID' | 'PAID' | 'ISSUED';
}
type Blinded = { amount: number | bigint; id: string; B_: string };
type Input = { amount: number | bigint; id: string; secret: string; C: string; witness?: string };

class Refused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const keys = new Map<string, ReturnType<typeof createNewMintKeys>>();

/** Always the same for a unit and a fee; cashu-ts takes half a second for them. */
function keysFor(unit: string, inputFeePpk: number): ReturnType<typeof createNewMintKeys> {
  const name = `${unit} ${inputFeePpk}`;
  const seed = utf8('a seed for a fake mint');
  const found =
    keys.get(name) ?? createNewMintKeys(63, seed, { unit, versionByte: 1, input_fee_ppk: inputFeePpk });
  keys.set(name, found);
  return found;
}

/** A mint in memory that knows just what the wallet asks, written from the NUTs, with faults on demand. */
export async function startFakeMint(unit = 'hash_test_1', inputFeePpk = 0) {
  const { curve } = await loadCrypto();
  const isSignedBy = (key: string, message: Uint8Array, signature = '') =>
    curve.schnorrVerify(fromHex(signature), message, curve.xOnly(fromHex(key)));
  const { keysetId, pubKeys, privKeys } = keysFor(unit, inputFeePpk);
  const keyset = { id: keysetId, unit, active: true, input_fee_ppk: inputFeePpk };
  const quotes = new Map<string, FakeQuote>();
  const signed = new Map<
    string,
    { id: string; amount: bigint; C_: string; dleq: { e: string; s: string } }
  >();
  const spent = new Set<string>();
  const poisoned = new Set<string>();
  const supported = new Set([7, 11, 14]);
  const faults = new Map<string, Fault[]>();
  const requests: { path: string; body: Record<string, unknown> }[] = [];
  let repeatedOutputs = 0;
  let maxBatch = 100;
  let mintKey = '02'.padEnd(66, '1');
  let publishedKeys = serializeMintKeys(pubKeys);

  function sign(outputs: Blinded[]) {
    if (outputs.some(({ B_ }) => signed.has(B_))) {
      repeatedOutputs++;
      throw new Refused(11003, 'Outputs already signed');
    }
    return outputs.map(({ amount, id, B_ }) => {
      const secret = privKeys[String(amount)];
      if (!secret || id !== keysetId) throw new Refused(12001, 'Keyset is not known');
      const { signature, e, s } = curve.signBlinded(fromHex(B_), secret);
      const answer = { id, amount: BigInt(amount), C_: toHex(signature), dleq: { e: toHex(e), s: toHex(s) } };
      signed.set(B_, answer);
      return answer;
    });
  }
  const sum = (parts: { amount: number | bigint }[]) =>
    parts.reduce((total, { amount }) => total + BigInt(amount), 0n);
  const feeOf = (inputs: readonly unknown[]) =>
    (BigInt(keyset.input_fee_ppk) * BigInt(inputs.length) + 999n) / 1000n;
  const yOf = (secret: string) => toHex(curve.hashToCurve(utf8(secret)));

  function addQuote(method: FakeQuote['method'], pubkey: string, amount: bigint, state: FakeQuote['state']) {
    const quote = randomUUID();
    const request = method === 'ehash' ? hash('sha256', quote) : `lnbc-${quote}`;
    quotes.set(quote, { quote, method, pubkey, request, unit, amount, state });
    return quote;
  }

  const endpoints: Record<string, (body: never) => unknown> = {
    '/v1/info': () => ({
      name: 'fake',
      pubkey: mintKey,
      version: 'fake/1',
      nuts: {
        ...Object.fromEntries([...supported].map((nut) => [nut, { supported: true }])),
        29: { max_batch_size: maxBatch },
      },
    }),
    '/v1/keysets': () => ({ keysets: [keyset] }),
    [`/v1/keys/${keysetId}`]: () => ({ keysets: [{ id: keysetId, unit, keys: publishedKeys }] }),
    '/v1/mint/quote/ehash/pubkey': (body: {
      pubkeys: string[];
      pubkey_signatures: string[];
      open: boolean;
      cursor?: string;
      limit: number;
    }) => {
      body.pubkeys.forEach((key, i) => {
        if (!isSignedBy(key, quoteLookupMessage(mintKey, key), body.pubkey_signatures[i]))
          throw new Refused(20008, 'Signature');
      });
      const all = [...quotes.values()].filter(
        ({ method, pubkey, state }) =>
          method === 'ehash' && body.pubkeys.includes(pubkey) && (!body.open || state !== 'ISSUED'),
      );
      const first = body.cursor === undefined ? 0 : all.findIndex(({ quote }) => quote === body.cursor) + 1;
      const page = all.slice(first, first + body.limit);
      return { quotes: page, next_cursor: first + body.limit < all.length ? page.at(-1)?.quote : null };
    },
    '/v1/mint/quote/bolt11': ({ amount, pubkey }: { amount: number; pubkey: string }) => {
      const quote = addQuote('bolt11', pubkey, BigInt(amount), 'UNPAID');
      return { quote, request: `lnbc-${quote}`, unit, amount, state: 'UNPAID', expiry: 4_000_000_000 };
    },
    '/v1/mint/quote/bolt11/check': ({ quotes: ids }: { quotes: string[] }) =>
      ids.map((id) => {
        const quote = poisoned.has(id) ? undefined : quotes.get(id);
        if (!quote) throw new Refused(40003, 'Quote is not known');
        return { ...quote, expiry: null };
      }),
    '/v1/mint/bolt11/batch': (body: never) => endpoints['/v1/mint/ehash/batch']?.(body),
    '/v1/mint/ehash/batch': (body: { quotes: string[]; outputs: Blinded[]; signatures: string[] }) => {
      const claimed = body.quotes.map((id, i) => {
        const quote = quotes.get(id);
        if (!quote || poisoned.has(id)) throw new Refused(40003, 'Quote is not known');
        if (quote.state !== 'PAID')
          throw new Refused(quote.state === 'ISSUED' ? 20002 : 20001, `Quote is ${quote.state}`);
        const message = mintMessage(
          id,
          body.outputs.map(({ amount, B_ }) => ({ amount: BigInt(amount), blinded: fromHex(B_) })),
        );
        if (!isSignedBy(quote.pubkey, message, body.signatures[i])) throw new Refused(20008, 'Signature');
        return quote;
      });
      if (sum(claimed) !== sum(body.outputs)) throw new Refused(11005, 'Transaction is not balanced');
      const signatures = sign(body.outputs);
      for (const quote of claimed) quote.state = 'ISSUED';
      return { signatures };
    },
    '/v1/swap': ({ inputs, outputs }: { inputs: Input[]; outputs: Blinded[] }) => {
      for (const { secret, C, id, amount } of inputs) {
        if (spent.has(yOf(secret))) throw new Refused(11001, 'Proofs already spent');
        const key = privKeys[String(amount)];
        if (!key || id !== keysetId || !curve.verifyProof(utf8(secret), fromHex(C), key))
          throw new Refused(10001, 'Proof verification failed');
      }
      if (!isUnlocked(inputs, outputs)) throw new Refused(10001, 'Spending conditions not met');
      if (sum(inputs) !== sum(outputs) + feeOf(inputs))
        throw new Refused(11005, 'Transaction is not balanced');
      const signatures = sign(outputs);
      for (const { secret } of inputs) spent.add(yOf(secret));
      return { signatures };
    },
    '/v1/restore': ({ outputs }: { outputs: Blinded[] }) => {
      const found = outputs.filter(({ B_ }) => signed.has(B_));
      return { outputs: found, signatures: found.map(({ B_ }) => signed.get(B_)) };
    },
    '/v1/checkstate': ({ Ys }: { Ys: string[] }) => ({
      states: Ys.map((Y) => ({ Y, state: spent.has(Y) ? 'SPENT' : 'UNSPENT' })),
    }),
  };

  function answer(path: string, body: Record<string, unknown>, response: ServerResponse): void {
    const fault = faults.get(path)?.shift();
    if (fault === 'drop-request') return void response.destroy();
    if (fault === 'too-many') return void response.writeHead(429, { 'retry-after': '0' }).end('{}');
    if (fault === 'unavailable') return void response.writeHead(503).end('{}');
    try {
      const endpoint = endpoints[path];
      if (!endpoint) throw new Refused(40400, `no ${path}`);
      if (fault === 'refuse') throw new Refused(12002, 'Keyset is inactive');
      if (fault === 'pending') throw new Refused(11002, 'Proofs are pending');
      let result = endpoint(body as never);
      if (fault === 'drop-answer') return void response.destroy();
      if (fault === 'forge-dleq')
        result = forge(result as { signatures: { dleq: { e: string; s: string } }[] });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSONInt.stringify(result));
    } catch (error) {
      if (!(error instanceof Refused)) return void response.writeHead(500).end(String(error));
      response.writeHead(400).end(JSON.stringify({ code: error.code, detail: error.message }));
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const text = Buffer.concat(chunks).toString();
      const body = text === '' ? {} : (JSONInt.parse(text) as Record<string, unknown>);
      requests.push({ path, body });
      answer(path, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    unit,
    keyset,
    keysetId,
    quotes,
    poisoned,
    /** NUTs that `/v1/info` says are supported. */
    supported,
    requests,
    /** Publishes a key under the keyset's id that the id does not commit to. */
    tamperWithKeys: () => {
      publishedKeys = { ...publishedKeys, 1: publishedKeys['2'] ?? '' };
    },
    /** Has it say that it is another mint. */
    become: (key: string) => {
      mintKey = key;
    },
    maxBatch: (quotes: number) => {
      maxBatch = quotes;
    },
    /** Outputs that were offered for signing though they had been signed: a counter was used twice. */
    repeatedOutputs: () => repeatedOutputs,
    fault: (path: string, ...list: Fault[]) => faults.set(path, list),
    addQuote: (publicKey: Uint8Array, amount: bigint, state: FakeQuote['state'] = 'PAID') =>
      addQuote('ehash', toHex(publicKey), amount, state),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** NUT-11 and NUT-14 as cashu-ts reads them; a secret that is no condition is open. */
function isUnlocked(inputs: readonly Input[], outputs: readonly Blinded[]): boolean {
  const [first] = inputs;
  const isSigAll = first?.secret.includes('SIG_ALL') ?? false;
  const whole =
    inputs.map(({ secret, C }) => secret + C).join('') +
    outputs.map(({ amount, B_ }) => `${amount}${B_}`).join('');
  return (isSigAll ? inputs.slice(0, 1) : inputs).every((input) => {
    const proof = { ...input, amount: Amount.from(input.amount) };
    const message = isSigAll ? whole : undefined;
    if (input.secret.startsWith('["P2PK"')) return isP2PKSpendAuthorised(proof, undefined, message);
    return !input.secret.startsWith('["HTLC"') || isHTLCSpendAuthorised(proof, undefined, message);
  });
}

/** The signatures stay good, their proofs do not: as if another key had signed. */
function forge({ signatures }: { signatures: { dleq: { e: string; s: string } }[] }): unknown {
  return {
    signatures: signatures.map((signature) => ({
      ...signature,
      dleq: { ...signature.dleq, e: signature.dleq.s },
    })),
  };
}
