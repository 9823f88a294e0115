import type { KnownMiner } from '../live/known-miners.ts';

const SHOWN = 6;

/** Names and addresses of miners as the public sees them. */
export interface Names {
  readonly redacted: boolean;
  name(miner: Pick<KnownMiner, 'name'>): string;
  text(name: string): string;
  address(address: string): string | null;
}

/** @param redact.names all but the first characters; @param redact.addresses all of them */
export function openNames(redact: { readonly names: boolean; readonly addresses: boolean }): Names {
  const text = (name: string) => (redact.names ? shortened(name) : name);
  return {
    redacted: redact.names,
    text,
    name: ({ name }) => text(name),
    address: (address) => (redact.addresses || address === '' ? null : address),
  };
}

/** Enough of a name for its owner to know it by. */
function shortened(name: string): string {
  const characters = [...name];
  return characters.length <= SHOWN
    ? `${characters.slice(0, 2).join('')}…`
    : `${characters.slice(0, SHOWN).join('')}…`;
}
