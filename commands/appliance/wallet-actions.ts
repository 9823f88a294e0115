import { text } from 'node:stream/consumers';
import { stringifyJson } from '../../protocols/cashu/json.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { OWN_KEY } from '../../services/wallet/sign-in.ts';
import type { Wallet } from '../../services/wallet/wallet.ts';
import { runAutoPayout } from './auto-payout-action.ts';
import { autoRedeem, untilInterrupted } from './auto-redeem.ts';
import { usageError } from './command-line.ts';
import { saidOfShares } from './own-shares.ts';
import { formatTable } from './text-table.ts';
import {
  type GivenOptions,
  parseAmount,
  parseCount,
  parseHex32,
  parseLock,
  type WalletOption,
} from './wallet-options.ts';
import { balanceTable, historyTable, redeemedTable } from './wallet-tables.ts';

/** Lines of the history that are shown where nobody says how many. */
const HISTORY_LINES = '20';
const MOST_HISTORY_LINES = 1000;

interface Call {
  readonly wallet: Wallet;
  readonly argument: string;
  readonly options: GivenOptions;
  /** For what is to be said before the action ends. */
  readonly say: (said: Said) => void;
}

/** What an action has to say: to people, and to programs. */
export interface Said {
  readonly words: string;
  /** An object, or several, each a line of JSON. */
  readonly json: object | readonly object[];
}

interface WalletAction {
  /** As the usage shows it; undefined where there is none. */
  readonly argument?: string;
  /** Lines. */
  readonly help: readonly string[];
  readonly options: readonly WalletOption[];
  run(call: Call): Promise<Said>;
}

/** What `npm run wallet` does by name. Tokens go to standard output and nowhere else: who reads one owns it. */
export const walletActions: Readonly<Record<string, WalletAction>> = {
  balance: {
    help: ['collects what waits at the mint and shows what there is'],
    options: [],
    run: async ({ wallet }) => {
      const isAsked = await wallet.collect().then(() => true, warnOfAbsentMint);
      const [balance, sent, troubles, epochs] = await Promise.all([
        wallet.balance(),
        wallet.sent(),
        wallet.troubles(),
        wallet.epochs().catch((error: unknown) => {
          // One trouble is told once.
          if (isAsked || !isHashpoolError(error)) warnOfAbsentMint(error);
          return [];
        }),
      ]);
      const words = balanceTable(balance, sent, troubles, epochs);
      return { words, json: { balance, epochs, sent, ...troubles } };
    },
  },
  history: {
    help: [`shows what came and went, the newest first: --limit LINES (${HISTORY_LINES}), --before ID`],
    options: ['limit', 'before'],
    run: async ({ wallet, options: { limit = HISTORY_LINES, before } }) => {
      const lines = await wallet.history({
        limit: parseCount('--limit', limit, MOST_HISTORY_LINES),
        ...(before === undefined ? {} : { before: parseCount('--before', before, Number.MAX_SAFE_INTEGER) }),
      });
      return { words: historyTable(lines), json: lines };
    },
  },
  send: {
    argument: 'AMOUNT',
    help: [
      'prints a token of AMOUNT that any Cashu wallet takes; --unit UNIT where there are several, --note TEXT',
      'for the history. --to KEY (hpub1… or hex) locks it to a key, --hash SHA256 to a preimage; after',
      '--locktime 24h (or a date) this wallet may receive it back, or --refund KEY',
    ],
    options: ['unit', 'to', 'hash', 'locktime', 'refund', 'note'],
    run: async ({ wallet, argument, options }) => {
      const amount = parseAmount('AMOUNT', argument);
      const lock = await parseLock(wallet, options, Date.now());
      const { unit, note } = options;
      const token = await wallet.send(amount, { unit, lock, note });
      return { words: token, json: { amount, token } };
    },
  },
  receive: {
    argument: 'TOKEN',
    help: [
      "takes a token of the wallet's mint in, - reads it from standard input; --preimage HEX opens a hash lock",
    ],
    options: ['preimage'],
    run: async ({ wallet, argument, options: { preimage } }) => {
      const secret = preimage === undefined ? undefined : parseHex32('--preimage', preimage);
      const received = await wallet.receive(await argumentOrInput('TOKEN', argument), secret);
      return { words: `received ${received}`, json: { received } };
    },
  },
  request: {
    argument: 'AMOUNT',
    help: [
      'prints a payment request (NUT-18); --unit UNIT, --memo TEXT for the payer, --lock for a token that only',
      'this wallet opens, --post URL where the payer is to send it',
    ],
    options: ['unit', 'memo', 'lock', 'post'],
    run: async ({ wallet, argument, options: { unit, memo, lock, post } }) => {
      const amount = parseAmount('AMOUNT', argument);
      const request = await wallet.request({ amount, unit, description: memo, post, isLocked: lock });
      return { words: request.creqA, json: { amount, ...request } };
    },
  },
  pay: {
    argument: 'REQUEST',
    help: [
      'pays a payment request (creqA… or creqB1…): by POST where it wants that, else prints the token to hand',
      'over; --amount AMOUNT and --unit UNIT where it names none. Or a Lightning invoice (ln…), in sats, by way of',
      'the mint; --max-fee SATS is what it may cost at most',
    ],
    options: ['amount', 'unit', 'max-fee'],
    run: async ({ wallet, argument, options }) => {
      const request = (await argumentOrInput('REQUEST', argument)).trim();
      return /^(lightning:)?ln/i.test(request)
        ? payInvoice(wallet, request, options)
        : payRequest(wallet, request, options);
    },
  },
  invoice: {
    argument: 'AMOUNT',
    help: [
      'prints a Lightning invoice of the mint for AMOUNT sats, --memo TEXT for the payer; once it is paid, balance',
      'mints it',
    ],
    options: ['memo'],
    run: async ({ wallet, argument, options: { memo } }) => {
      const { invoice, ...terms } = await wallet.invoice(parseAmount('AMOUNT', argument), {
        description: memo,
      });
      return { words: invoice, json: { invoice, ...terms } };
    },
  },
  key: {
    help: ["prints a key of the wallet, to mine to as a username on this mint's pool, or to be paid to"],
    options: [],
    run: async ({ wallet }) => {
      const key = encodeHpub(await wallet.keyForChannel(OWN_KEY));
      return { words: key, json: { key } };
    },
  },
  'sign-in': {
    argument: 'CODE',
    help: [
      "signs the code that the dashboard's page of the wallet shows, by the key above: whoever hands the answer in",
      'there takes tokens out of this wallet for ten minutes',
    ],
    options: [],
    run: async ({ wallet, argument }) => {
      const signature = await wallet.signIn((await argumentOrInput('CODE', argument)).trim().toLowerCase());
      return { words: signature, json: { signature } };
    },
  },
  redeem: {
    argument: '[UNIT]',
    help: [
      'turns ehash of an epoch into sats, or of all that can be redeemed; the end of a unit is enough to name it,',
      'such as the height at which it was opened. --auto stays and redeems whatever can be, until Ctrl-C',
    ],
    options: ['auto'],
    run: async ({ wallet, argument, options: { auto }, say }) => {
      if (auto) return redeemUntilStopped(wallet, argument, say);
      await wallet.collect();
      const redeemed = await wallet.redeem(argument === '' ? undefined : argument);
      return { words: redeemedTable(redeemed), json: redeemed };
    },
  },
  shares: {
    argument: 'FILE',
    help: [
      'writes all shares that the mint counts for the keys of this wallet into a new FILE, for',
      'npm run audit -- URL --shares FILE; - for standard output. Keep it to yourself: it tells your income',
    ],
    options: [],
    run: async ({ wallet, argument }) => {
      if (argument === '') throw usageError('FILE is missing: name a new one, or - for standard output');
      return saidOfShares(await wallet.shares(), argument);
    },
  },
  'auto-payout': {
    argument: '[VERB]',
    help: [
      '--address ADDRESS has the mint pay what the key above mines to a Bitcoin address, from --threshold SATS on;',
      'the wallet mints none of it then. auto-payout show tells how that stands, auto-payout off ends it. --key KEY',
      'for another key of this wallet',
    ],
    options: ['address', 'threshold', 'key'],
    run: ({ wallet, argument, options }) => runAutoPayout(wallet, argument, options),
  },
  restore: {
    help: ['finds everything that the mnemonic owns at the mint'],
    options: [],
    run: async ({ wallet }) => {
      const { keys, proofs, amount } = await wallet.restore();
      const found = {
        amount: String(amount),
        tokens: String(proofs),
        'keys that ehash was locked to': String(keys),
      };
      return { words: formatTable([found]), json: { keys, proofs, amount } };
    },
  },
};

/**
 * The action of a command line, its argument and options checked against what it takes.
 * @throws HashpoolError 'usage' naming what is too much or unknown
 */
export function chooseAction(
  words: readonly string[],
  options: GivenOptions,
): (wallet: Wallet, say: (said: Said) => void) => Promise<Said> {
  const [name = '', argument = '', ...rest] = words;
  const action = Object.hasOwn(walletActions, name) ? walletActions[name] : undefined;
  if (!action) {
    throw usageError(`${name} is no action: say ${Object.keys(walletActions).join(', ')}; --help says more`);
  }
  const surplus = action.argument === undefined ? argument : rest[0];
  if (surplus)
    throw usageError(`${name} takes ${action.argument ?? 'no argument'}, not ${surplus.slice(0, 40)} too`);
  for (const option of Object.keys(options)) {
    if (action.options.some((known) => known === option)) continue;
    const known = action.options.map((each) => `--${each}`).join(', ');
    throw usageError(`${name} takes no --${option}${known && `; it takes ${known}`}`);
  }
  return (wallet, say) => action.run({ wallet, argument, options, say });
}

/** What was said, for standard output. */
export function print({ words, json }: Said, isJson: boolean): void {
  const lines = Array.isArray(json) ? json : [json];
  const output = isJson ? lines.map((line) => `${stringifyJson(line)}\n`).join('') : `${words}\n`;
  process.stdout.write(output);
}

async function payRequest(wallet: Wallet, request: string, options: GivenOptions): Promise<Said> {
  const { amount, unit, 'max-fee': maxFee } = options;
  if (maxFee !== undefined) throw usageError('--max-fee is for Lightning invoices: the others cost no fee');
  const paid = await wallet.pay(request, {
    unit,
    ...(amount === undefined ? {} : { amount: parseAmount('--amount', amount) }),
  });
  const words = paid.deliveredTo === undefined ? paid.token : `paid ${paid.amount} to ${paid.deliveredTo}`;
  return { words, json: paid };
}

async function payInvoice(wallet: Wallet, invoice: string, options: GivenOptions): Promise<Said> {
  const { amount, unit, 'max-fee': maxFee } = options;
  if (amount !== undefined || unit !== undefined) {
    throw usageError(
      '--amount and --unit are for payment requests: a Lightning invoice names its amount, in sats',
    );
  }
  const most =
    maxFee === undefined ? undefined : BigInt(parseCount('--max-fee', maxFee, Number.MAX_SAFE_INTEGER, 0));
  const paid = await wallet.payInvoice(invoice, most);
  const row = { paid: `${paid.amount}`, fee: `${paid.fee}`, unit: paid.unit, preimage: paid.preimage ?? '' };
  return { words: formatTable([row]), json: paid };
}

async function redeemUntilStopped(wallet: Wallet, unit: string, say: (said: Said) => void): Promise<Said> {
  if (unit !== '') throw usageError('--auto redeems all that can be: name no unit beside it');
  const warn = (words: string) => void process.stderr.write(`${words}\n`);
  warn('redeems what can be, once a minute; Ctrl-C ends it');
  const sats = await autoRedeem(wallet, {
    stop: untilInterrupted(),
    onRedeemed: (redeemed) => say({ words: redeemedTable(redeemed), json: redeemed }),
    onTrouble: (words) => warn(`tried again in a minute: ${words}`),
  });
  return { words: `${sats} sat in all`, json: [] };
}

async function argumentOrInput(what: string, given: string): Promise<string> {
  const found = given === '-' ? await text(process.stdin) : given;
  if (found.trim() !== '') return found;
  throw usageError(`${what} is missing: name it, or - for standard input`);
}

/** Without its mint the wallet still knows what it had. */
function warnOfAbsentMint(error: unknown): false {
  if (!isHashpoolError(error)) throw error;
  process.stderr.write(`not up to date: ${error.message}\n`);
  return false;
}
