import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import { type Coin, challengeCoin, proofTransaction } from '../../protocols/bitcoin/bip322.ts';
import { strippedTransaction } from '../../protocols/bitcoin/transaction.ts';
import { equalBytes, fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { reserveMessage } from '../../protocols/ehash/reserve.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { NodeSource, ReserveProof } from './sources.ts';

/** A proof that holds: what its coins are worth that are still there, and how many are not. */
export interface Counted {
  readonly there: ReadonlyMap<string, bigint>;
  readonly spent: number;
}

/** Whether somebody has the keys of as many sats as the last report says are owed. @param reportHash of that report */
export async function checkReserve(
  reportHash: string,
  owedSats: bigint,
  proofs: readonly ReserveProof[],
  node: NodeSource,
): Promise<Finding[]> {
  if (owedSats === 0n) return [holds('reserve', 'nothing is owed')];
  if (proofs.length === 0) {
    return [
      unproven(
        'no-reserve-proof',
        `${owedSats} sats are owed, and nobody has proven to have the keys of any`,
      ),
    ];
  }
  const there = new Map<string, bigint>();
  let spent = 0;
  for (const proof of proofs) {
    const counted = await countProof(reportHash, proof, node);
    if (typeof counted === 'string')
      return [fails('wrong-reserve', `a proof of reserve does not hold: ${counted}`)];
    for (const [coin, sats] of counted.there) there.set(coin, sats);
    spent += counted.spent;
  }
  const reserve = [...there.values()].reduce((sum, value) => sum + value, 0n);
  if (reserve >= owedSats) {
    const words = `the keys of ${there.size} coins of ${reserve} sats are there, ${owedSats} sats were owed`;
    return [holds('reserve', words)];
  }
  const since = spent === 0 ? '' : `, ${spent} more coins were spent since`;
  const words = `coins of ${reserve} sats are proven${since}, ${owedSats} sats were owed: whether the rest is there can't be told`;
  return [unproven('reserve-too-small', words)];
}

/** Whether a proof of reserve holds for a report. @returns what it proves, or why it does not hold */
export async function countProof(
  reportHash: string,
  { coins, transaction }: ReserveProof,
  node: NodeSource,
): Promise<Counted | string> {
  const [first] = coins;
  if (!first) return 'it names no coin';
  const challenge = challengeCoin(reserveMessage(reportHash), first.script);
  const spending = coins.map((coin): Coin => ({ ...coin, txidLe: reversed(fromHex(coin.txid)) }));
  try {
    if (!equalBytes(strippedTransaction(transaction), proofTransaction(challenge, spending))) {
      return 'it was made for another report, or for other coins';
    }
  } catch (error) {
    return messageOf(error);
  }
  const there = new Map<string, bigint>();
  const elsewhere = [{ ...challenge, txid: toHex(reversed(challenge.txidLe)) }, ...coins];
  for (const coin of coins) {
    const found = await node.coin(coin);
    if (!found) continue;
    const name = `${coin.txid}:${coin.vout}`;
    if (found.value !== coin.value || !equalBytes(found.script, coin.script))
      return `coin ${name} is another one`;
    there.set(name, found.value);
    elsewhere.splice(elsewhere.indexOf(coin), 1);
  }
  const trouble = await node.signatureTrouble(transaction, elsewhere);
  return trouble ?? { there, spent: coins.length - there.size };
}
