import { hashpool } from './hashpool.ts';
import { type Profile, paddedNonce, paramsFirstLine, spacedLine } from './profile.ts';

const USER_AGENT = 'cgminer/4.11.1';

/** cgminer 4.11.1 as USB sticks run it, from its sources: ckolivas/cgminer. It rolls no version (that is USE_VMASK's). */
export const cgminer: Profile = {
  ...hashpool,
  name: 'cgminer',
  // A GekkoScience Compac F, by its maker's word.
  nominalHashrate: 300_000_000_000,
  worker: 'stick',
  password: 'x',
  // util.c, cgminer.c: spaces as a person would set them; a submit has its parameters first.
  line: (id, method, params) =>
    method === 'mining.submit' ? paramsFirstLine(id, method, params) : spacedLine(id, method, params),
  // cgminer.c: swork_id is one counter for all connections.
  ids: { first: 0, runOn: true },
  // util.c: one request at a time; a difficulty is asked for only with --suggest-diff.
  greeting: [
    { send: 'subscribe', waits: true },
    { send: 'authorize', waits: true },
    { send: 'suggest', waits: false },
  ],
  // util.c: DEFAULT_SOCKWAIT.
  answerPatienceMs: 60_000,
  wantsAnswerFirst: false,
  leavesWhenRefused: true,
  configure: undefined,
  // util.c, initiate_stratum: the session of before is asked for again.
  subscribe: ({ sessionId }) => (sessionId === undefined ? [USER_AGENT] : [USER_AGENT, sessionId]),
  suggests: undefined,
  takesExtranonce: false,
  obeysReconnect: true,
  reply: (method, id) =>
    `{"id": ${id}, "result": "${method === 'mining.ping' ? 'pong' : USER_AGENT}", "error": null}`,
  // cgminer.c: htole64(nonce2).
  extranonce2: 'first-byte',
  firstNonce: 0,
  nonceText: paddedNonce,
  // cgminer.c: opt_submit_stale is on unless it is turned off.
  oldShares: 'always',
  lingersMs: 0,
  // util.c, parse_notify: next_diff holds from the next job on.
  hardensAtOnce: false,
  // cgminer.c, stratum_rthread: at once, then each 5 s; 90 s without a line are a dead pool.
  reconnectsAfter: { end: [0, 0], unwelcome: [5000, 5000], failure: [5000, 5000] },
  givesUp: undefined,
  silence: { of: 'line', ms: 90_000 },
  keepaliveMs: undefined,
};
