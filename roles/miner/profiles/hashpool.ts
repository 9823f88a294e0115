import { compactLine, type Profile, paddedNonce } from './profile.ts';

const USER_AGENT = 'hashpool-miner/1';

/** The project's own miner: everything that Stratum V1 offers, in the order in which BIP310 has it. */
export const hashpool: Profile = {
  name: 'hashpool',
  nominalHashrate: 1_000_000,
  worker: 'cpu',
  password: 'x',
  line: compactLine,
  ids: { first: 1, runOn: false },
  greeting: [
    { send: 'configure', waits: true },
    { send: 'subscribe', waits: true },
    { send: 'extranonce', waits: true },
    { send: 'suggest', waits: true },
    { send: 'authorize', waits: true },
  ],
  answerPatienceMs: 30_000,
  wantsAnswerFirst: false,
  leavesWhenRefused: true,
  configure: [
    ['version-rolling'],
    { 'version-rolling.mask': '1fffe000', 'version-rolling.min-bit-count': 2 },
  ],
  subscribe: () => [USER_AGENT],
  suggests: undefined,
  takesExtranonce: true,
  obeysReconnect: true,
  reply: (method, id) =>
    JSON.stringify({ id, result: method === 'mining.ping' ? 'pong' : USER_AGENT, error: null }),
  extranonce2: 'last-byte',
  firstNonce: 0,
  nonceText: paddedNonce,
  oldShares: 'never',
  lingersMs: 0,
  hardensAtOnce: false,
  reconnectsAfter: { end: [500, 1000], unwelcome: [1000, 8000], failure: [1000, 8000] },
  givesUp: undefined,
  silence: { of: 'line', ms: 120_000 },
  keepaliveMs: undefined,
};
