import { hashpool } from './hashpool.ts';
import { compactLine, type Profile, paramsFirstLine, spacedLine } from './profile.ts';

/** NerdMiner V2, from its sources: BitMaker-hub/NerdMiner_v2 V1.8.3 of June 2026. */
export const nerdminer: Profile = {
  ...hashpool,
  name: 'nerdminer',
  // README: an ESP32-S3 with its SHA unit.
  nominalHashrate: 300_000,
  // storage.h: the user is the address alone, the password x.
  worker: undefined,
  password: 'x',
  // stratum.cpp: each request is written in another way.
  line: (id, method, params) => {
    if (method === 'mining.authorize') return paramsFirstLine(id, method, params);
    return method === 'mining.subscribe' ? spacedLine(id, method, params) : compactLine(id, method, params);
  },
  ids: { first: 1, runOn: false },
  // mining.cpp: subscribe, then authorize and a suggestion whose answers nobody waits for.
  greeting: [
    { send: 'subscribe', waits: true },
    { send: 'authorize', waits: false },
    { send: 'suggest', waits: false },
  ],
  // stratum.cpp: 200 ms, then Arduino's 1 s for a line, and whatever that is must be the answer.
  answerPatienceMs: 1200,
  wantsAnswerFirst: true,
  leavesWhenRefused: false,
  configure: undefined,
  subscribe: () => ['NerdMinerV2/V1.8.3'],
  // mining.h: DEFAULT_DIFFICULTY, and again each 30 s in which nothing was sent (KEEPALIVE_TIME_ms).
  suggests: 0.00015,
  keepaliveMs: 30_000,
  // stratum.cpp knows mining.notify and mining.set_difficulty; all else is nothing to it.
  takesExtranonce: false,
  obeysReconnect: false,
  reply: () => undefined,
  // utils.cpp: always 1; mining.cpp: nonces from there on, their hex not filled up.
  extranonce2: 'fixed',
  firstNonce: 0xda54e700,
  nonceText: (nonce) => nonce.toString(16),
  // mining.cpp: results of another job than the newest are dropped, those below the difficulty of this moment too.
  oldShares: 'never',
  lingersMs: 0,
  hardensAtOnce: true,
  // mining.cpp: at once after a cut, and after the 200 ms that it lets a handshake have; 1 to 60 s after a failed connect; a pool without a job for 10 minutes is left.
  reconnectsAfter: { end: [0, 0], unwelcome: [200, 200], failure: [1000, 60_000] },
  givesUp: undefined,
  silence: { of: 'job', ms: 600_000 },
};
