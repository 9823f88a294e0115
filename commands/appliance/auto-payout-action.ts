import { fromHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import type { AutoPayout, Wallet } from '../../services/wallet/wallet.ts';
import { usageError } from './command-line.ts';
import { formatTable } from './text-table.ts';
import { type GivenOptions, parseCount, parseKey } from './wallet-options.ts';

/** `auto-payout --address ADDRESS`, `auto-payout show`, `auto-payout off`. */
export async function runAutoPayout(
  wallet: Pick<Wallet, 'startAutoPayout' | 'endAutoPayout' | 'autoPayout'>,
  verb: string,
  { address, threshold, key: name }: GivenOptions,
): Promise<{ words: string; json: object }> {
  const key = name === undefined ? undefined : parseKey('--key', name);
  if (verb !== '' && (address !== undefined || threshold !== undefined))
    throw usageError(`auto-payout ${verb} takes no --address and no --threshold`);
  switch (verb) {
    case '': {
      // An empty one would withdraw the registration.
      if (!address)
        throw usageError(
          '--address is missing: name where the mint is to pay, or say auto-payout show or off',
        );
      const sats =
        threshold === undefined ? 0 : parseCount('--threshold', threshold, Number.MAX_SAFE_INTEGER);
      return said(await wallet.startAutoPayout({ key, address, threshold: BigInt(sats) }));
    }
    case 'off':
      return said(await wallet.endAutoPayout({ key }));
    case 'show': {
      const standing = await wallet.autoPayout({ key });
      if (standing) return said(standing);
      return { words: 'this key was never registered: its ehash is minted', json: {} };
    }
    default:
      throw usageError(`auto-payout ${verb.slice(0, 40)}: say show or off, or name an --address`);
  }
}

function said(standing: AutoPayout): { words: string; json: object } {
  const { key, address, threshold, balance, credited, payments } = standing;
  const rows = [
    ['key', encodeHpub(fromHex(key))],
    ['paid to', address ?? 'nowhere: its ehash is minted, and what is owed waits for an address'],
    ['from', threshold === 0n ? 'the least that the mint pays' : `${threshold} sat`],
    ['owed', `${balance} sat`],
    ['credited in all', `${credited} sat`],
  ].map(([name = '', value = '']) => `${name.padEnd(18)}${value}`);
  const table = payments.map(({ sats, paid, outpoint }) => ({
    'payment, sat': String(sats),
    'left the mint': paid === undefined ? 'under way' : String(paid),
    outpoint: outpoint ?? '',
  }));
  const words = table.length === 0 ? rows : [...rows, '', formatTable(table)];
  return { words: words.join('\n'), json: standing };
}
