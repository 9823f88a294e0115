import { hashpool } from './hashpool.ts';
import { compactLine, type Profile, paddedNonce } from './profile.ts';

const USER_AGENT = '2022-09-27-0-26ba61b9-22.08.1-plus;bosminer-plus-am1-s9 0.9.0-26ba61b9';

/**
 * Braiins OS+ 22.08 on an S9: its handshake as it was recorded in stratum-mining/stratum issue 856. Nothing is known of
 * what it does with old work and when it connects again.
 */
export const braiins: Profile = {
  ...hashpool,
  name: 'braiins',
  // An S9, by its maker's word.
  nominalHashrate: 13_500_000_000_000,
  // The record has a bare name and an empty password: all machines of an owner under one name.
  worker: undefined,
  password: '',
  line: compactLine,
  ids: { first: 0, runOn: false },
  greeting: [
    { send: 'configure', waits: true },
    { send: 'subscribe', waits: true },
    { send: 'authorize', waits: true },
  ],
  configure: [
    ['version-rolling'],
    { 'version-rolling.mask': '1fffe000', 'version-rolling.min-bit-count': 16 },
  ],
  subscribe: ({ address }) => [USER_AGENT, null, address, null],
  takesExtranonce: false,
  extranonce2: 'first-byte',
  nonceText: paddedNonce,
  oldShares: 'unless-clean',
};
