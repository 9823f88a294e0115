import { text } from 'node:stream/consumers';
import { stringifyJson } from '../../protocols/cashu/json.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Balance, Wallet } from '../../services/wallet/wallet.ts';
import { usageError } from './command-line.ts';
import { formatTable } from './text-table.ts';

type WalletAction = (wallet: Wallet, argument: string, options: WalletOptions) => Promise<void>;

export interface WalletOptions {
  readonly json: boolean;
  readonly unit: string | undefined;
}

/** What `npm run wallet` does by name. Tokens go to standard output and nowhere else: who reads one owns it. */
export const walletActions: Record<string, WalletAction> = {
  balance: async (wallet, _, { json }) => {
    await wallet.collect().catch(warnOfAbsentMint);
    const [balance, sent, troubles] = await Promise.all([wallet.balance(), wallet.sent(), wallet.troubles()]);
    if (json) return print(stringifyJson({ balance, sent, ...troubles }));
    print(balance.length === 0 ? 'the wallet is empty' : formatTable(balance.map(textsOf)));
    if (sent.length > 0)
      print(`\n${sent.length} sent and not claimed: --json shows the tokens, receive takes one back`);
    for (const { id, reason } of troubles.refusedQuotes) print(`\nquote ${id} is not minted: ${reason}`);
    for (const { reason } of troubles.stuck) print(`\nan operation hangs and is tried again: ${reason}`);
  },
  send: async (wallet, amount, { json, unit }) => {
    if (!/^\d{1,19}$/.test(amount))
      throw usageError(`send wants an amount, a whole number, not ${amount || 'nothing'}`);
    const token = await wallet.send(BigInt(amount), { unit });
    print(json ? stringifyJson({ amount: BigInt(amount), token }) : token);
  },
  receive: async (wallet, given, { json }) => {
    const token = given === '-' ? await text(process.stdin) : given;
    if (token.trim() === '') throw usageError('receive wants a token, or - for standard input');
    const received = await wallet.receive(token);
    print(json ? stringifyJson({ received }) : `received ${received}`);
  },
  key: async (wallet, _, { json }) => {
    const key = encodeHpub(await wallet.keyForChannel('username'));
    print(json ? stringifyJson({ key }) : key);
  },
  restore: async (wallet, _, { json }) => {
    const { keys, proofs, amount } = await wallet.restore();
    if (json) return print(stringifyJson({ keys, proofs, amount }));
    print(`found ${amount} in ${proofs} tokens, and ${keys} keys that ehash was locked to`);
  },
};

/** Without its mint the wallet still knows what it had. */
function warnOfAbsentMint(error: unknown): void {
  if (!isHashpoolError(error)) throw error;
  process.stderr.write(`not up to date: ${error.message}\n`);
}

/** A unit names its pool by a key of 66 digits: the table shows enough to tell units apart. */
function textsOf({ unit, amount, waiting, reserved, sent }: Balance): Record<string, string> {
  const short = unit.length > 24 ? `${unit.slice(0, 12)}…${unit.slice(-8)}` : unit;
  return {
    unit: short,
    amount: `${amount}`,
    waiting: `${waiting}`,
    'in flight': `${reserved}`,
    'sent, not claimed': `${sent}`,
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
