import { writeFile } from 'node:fs/promises';
import { stringifyJson } from '../../protocols/cashu/json.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { OwnShare } from '../../services/wallet/wallet.ts';
import type { Said } from './wallet-actions.ts';

/**
 * Writes shares for `npm run audit -- URL --shares`, a quote's JSON in each line: they tell an income, and are for their owner alone.
 * @param file a new one, or - for standard output
 * @throws HashpoolError 'file-not-written'
 */
export async function saidOfShares(shares: readonly OwnShare[], file: string): Promise<Said> {
  const lines = shares.map((share) => `${stringifyJson(share)}\n`).join('');
  if (file === '-') return { words: lines.trimEnd(), json: shares };
  try {
    await writeFile(file, lines, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new HashpoolError('file-not-written', `${file} can't be written: ${messageOf(cause)}`, { cause });
  }
  const sum = shares.reduce((all, { amount }) => all + amount, 0n);
  const words = `${shares.length} shares of ${sum} ehash are in ${file}`;
  return { words, json: { file, shares: shares.length, amount: sum } };
}
