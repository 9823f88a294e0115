import { rpcAuthLine } from './arguments.ts';

/** The node's user who may only look: what faces the web knows no password by which coins could be spent. */
export const LOOKER = 'look';

const ASKED = ['getblockchaininfo', 'getpeerinfo'] as const;

/** The lines of bitcoin.conf that let that user in, and to nothing else; the other users keep what they may. */
export function lookerLines(userAndPassword: string, salt?: string): string[] {
  return [
    `rpcauth=${rpcAuthLine(userAndPassword, salt)}`,
    `rpcwhitelist=${LOOKER}:${ASKED.join(',')}`,
    'rpcwhitelistdefault=0',
  ];
}
