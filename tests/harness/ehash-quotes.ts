import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { quoteLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import { bare, type MintAnswer, type SatWallet } from './sat-wallet.ts';

type FoundQuotes = NonNullable<MintAnswer['body']['quotes']>;

/** The quotes of a key that were not minted yet, as the mint tells them. */
export async function openQuotes(wallet: SatWallet, secretKey: Uint8Array): Promise<FoundQuotes> {
  const { curve } = wallet;
  const key = toHex(curve.publicKey(secretKey));
  const identity = (await wallet.get('/v1/info')).body.pubkey ?? '';
  const signature = curve.schnorrSign(quoteLookupMessage(identity, key), secretKey, randomBytes(32));
  const request = { pubkeys: [key], pubkey_signatures: [toHex(signature)], open: true };
  return (await wallet.post('/v1/mint/quote/ehash/pubkey', request)).body.quotes ?? [];
}

/** Mints every quote of a key and unit that can be minted. @returns how many @throws where one is refused */
export async function mintQuotes(wallet: SatWallet, secretKey: Uint8Array, unit: string): Promise<number> {
  const { curve } = wallet;
  await wallet.load(unit);
  const own = (await openQuotes(wallet, secretKey)).filter(
    (quote) => quote.unit === unit && quote.state === 'PAID',
  );
  for (const { quote, amount } of own) {
    const outputs = wallet.outputs(amount);
    const signed = outputs.map(({ amount: worth, B_ }) => ({ amount: BigInt(worth), blinded: fromHex(B_) }));
    const signature = toHex(curve.schnorrSign(mintMessage(quote, signed), secretKey, randomBytes(32)));
    const { body } = await wallet.post('/v1/mint/ehash', { quote, outputs: bare(outputs), signature });
    assert.equal(body.signatures?.length, outputs.length, JSON.stringify(body));
  }
  return own.length;
}
