import { cgminer } from './cgminer.ts';
import type { Profile } from './profile.ts';

const USER_AGENT = 'Antminer S19j Pro/Fri Oct 15 11:25:11 CST 2021';

/**
 * An Antminer with stock firmware. That is a cgminer whose sources were never published as a whole, so this is what
 * servers saw of it, and else cgminer: how long old work stays in its chips and what it does in other cases is not known.
 */
export const s19: Profile = {
  ...cgminer,
  name: 's19',
  // S19j Pro, by its maker's word.
  nominalHashrate: 104_000_000_000_000,
  // UpstreamData/pyasic issue 254: ACCOUNT.01, password 123.
  worker: '0',
  password: '123',
  // stratum-mining/stratum issue 996, the log of an S9j: subscribe, authorize, and only then configure.
  greeting: [
    { send: 'subscribe', waits: true },
    { send: 'authorize', waits: true },
    { send: 'configure', waits: false },
  ],
  // OCEAN-xyz/datum_gateway, datum_stratum.c, of what miners send: this one has cgminer's spaces and ids that run on.
  // Extranonce is Bitmain's own addition (bitmaintech/cgminer pull request 7).
  configure: [
    ['version-rolling', 'subscribe-extranonce'],
    { 'version-rolling.mask': '1fffe000', 'version-rolling.min-bit-count': 16 },
  ],
  takesExtranonce: true,
  // A recorded request: poools' proxy tests have this user agent with a session id, under the id 149.
  subscribe: ({ sessionId }) => (sessionId === undefined ? [USER_AGENT] : [USER_AGENT, sessionId]),
  reply: (method, id) =>
    `{"id": ${id}, "result": "${method === 'mining.ping' ? 'pong' : USER_AGENT}", "error": null}`,
};
