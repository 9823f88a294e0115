import { type Coin, challengeCoin, proofTransaction } from '../../../../protocols/bitcoin/bip322.ts';
import { encodePsbt } from '../../../../protocols/bitcoin/psbt.ts';
import { fromHex, reversed } from '../../../../protocols/bytes.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { asObject, numberOf } from '../../chain/answers.ts';
import type { FundsProof } from '../backend.ts';
import { satsOf, textOf } from './answers.ts';
import type { Wallet } from './wallet.ts';

/** Coins of one proof, the largest first: a proof of so many has half a megabyte. */
const MOST_COINS = 2_000;

/**
 * Proves that the wallet has the keys of its confirmed coins (BIP322, through PSBT).
 * @returns undefined where it has none
 * @throws HashpoolError 'not-signed' where the wallet does not sign for all of them; those of `Wallet.call`
 */
export async function proveFunds(wallet: Wallet, message: string): Promise<FundsProof | undefined> {
  const listed = await wallet.call('listunspent', [1]);
  const coins = (Array.isArray(listed) ? listed : [])
    .map(asObject)
    .filter((coin) => coin['spendable'] === true)
    .map(coinOf)
    .filter(({ script }) => isSegwit(script))
    .sort((a, b) => Number(b.value - a.value))
    .slice(0, MOST_COINS);
  const [first] = coins;
  if (!first) return undefined;
  const challenge = challengeCoin(message, first.script);
  const psbt = encodePsbt(proofTransaction(challenge, coins), [challenge, ...coins], 1);
  const text = Buffer.from(psbt).toString('base64');
  const { psbt: signed } = await wallet.object('walletprocesspsbt', [text, true, 'DEFAULT', false, true]);
  const { complete, hex } = await wallet.object('finalizepsbt', [String(signed), true]);
  if (complete === true && typeof hex === 'string') return { coins, transaction: fromHex(hex) };
  throw new HashpoolError('not-signed', 'the wallet does not sign for all of its coins: is it locked?');
}

function coinOf(answer: Record<string, unknown>): Coin {
  return {
    txidLe: reversed(fromHex(textOf(answer, 'txid'), 'txid', 32)),
    vout: numberOf(answer, 'vout'),
    value: satsOf(answer, 'amount'),
    script: fromHex(textOf(answer, 'scriptPubKey')),
  };
}

/** Version, and a program of 2 to 40 bytes (BIP141): what signs by the output alone. */
function isSegwit(script: Uint8Array): boolean {
  const [version = 0xff, length] = script;
  return (version === 0 || (version >= 0x51 && version <= 0x60)) && length === script.length - 2;
}
