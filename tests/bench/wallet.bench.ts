import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Amount } from '@cashu/cashu-ts';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { unblindOne } from '../../services/wallet/blinding.ts';
import { deriveOutputs } from '../../services/wallet/outputs.ts';
import { openSeed } from '../../services/wallet/seed.ts';
import { openWallet } from '../../services/wallet/wallet.ts';
import { startMint } from '../integration/wallet/mint-behind-proxy.ts';
import { type Bench, type Figure, loop, type Session } from './figure.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const KEYSET = `01${'ab'.repeat(32)}`;
const QUOTES = 2000;
const CHANNELS = 20;

const { curve } = await loadCrypto();

const unblinding: Figure = loop('wallet, signature proven by DLEQ and unblinded', () => {
  const [output] = deriveOutputs({ seed: openSeed(MNEMONIC, curve), curve }, KEYSET, 0, [4n]);
  if (!output) throw new Error('no output');
  const secret = fromHex('11'.repeat(32));
  const keys = { 4: toHex(curve.publicKey(secret)) };
  const { signature, e, s } = curve.signBlinded(fromHex(output.message.B_), secret);
  const dleq = { e: toHex(e), s: toHex(s) };
  const answer = { id: KEYSET, amount: Amount.from(4n), C_: toHex(signature), dleq };
  const keyset = { id: KEYSET, unit: 'u', active: true, inputFeePpk: 0, expiresAt: undefined, keys };
  return () => unblindOne(curve, output, answer, keyset);
});

async function openMinting(): Promise<Session> {
  const closers: (() => unknown)[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-bench-'));
  const { mint, url } = await startMint({ after: (close) => closers.push(close as () => unknown) });
  const log = { info: () => undefined };
  const wallet = await openWallet({
    path: join(folder, 'wallet.sqlite'),
    mnemonic: MNEMONIC,
    mintUrl: url,
    log,
  });
  const keys: Uint8Array[] = [];
  for (let i = 0; i < CHANNELS; i++) keys.push(await wallet.keyForChannel(`channel ${i}`));
  await wallet.collect();
  return {
    async run() {
      const exponents = Array.from({ length: QUOTES / CHANNELS }, (_, i) => i % 20);
      for (const key of keys) await mint.addQuotes(key, exponents);
      await wallet.collect();
      return { operations: QUOTES };
    },
    async close() {
      await wallet.close();
      for (const close of closers.reverse()) await close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Look-up, NUT-20 signatures, batches of 100 over HTTP, durable on both sides. */
const minting: Figure = {
  name: 'wallet and its mint together, quote found and minted',
  unit: 'per second and core',
  runs: 3,
  open: openMinting,
};

export const figures: Bench['figures'] = [unblinding, minting];
