import { hashpool } from './hashpool.ts';
import { compactLine, type Profile, paddedNonce } from './profile.ts';

const VERSION = 'v2.13.1';

/** AxeOS, from its sources: bitaxeorg/ESP-Miner of August 2026. */
export const bitaxe: Profile = {
  ...hashpool,
  name: 'bitaxe',
  // BM1370, as the device's own page states it.
  nominalHashrate: 1_200_000_000_000,
  // Kconfig.projbuild: STRATUM_USER ends in .bitaxe, STRATUM_PW is x.
  worker: 'bitaxe',
  password: 'x',
  line: compactLine,
  // stratum_v1_task.c: ids begin at 1 with each connection; the first three requests go out at once, and their
  // answers are told by their shape; difficulty is asked for once authorize is granted.
  ids: { first: 1, runOn: false },
  greeting: [
    { send: 'configure', waits: false },
    { send: 'subscribe', waits: false },
    { send: 'authorize', waits: true },
    { send: 'suggest', waits: false },
  ],
  // No answer is ever missed: only a closed socket ends the wait.
  answerPatienceMs: 600_000,
  wantsAnswerFirst: false,
  // A refused name is a line in the log.
  leavesWhenRefused: false,
  // stratum_api.c: all 32 bits, no least number of them.
  configure: [['version-rolling'], { 'version-rolling.mask': 'ffffffff' }],
  subscribe: () => [`bitaxe/BM1370/${VERSION}`],
  // Kconfig.projbuild: STRATUM_DIFFICULTY.
  suggests: 1000,
  // It follows mining.set_extranonce, but asks for it only where the owner says so; as delivered it does not.
  takesExtranonce: true,
  obeysReconnect: true,
  // stratum_api.c: a ping is answered by a call of the method "pong" under the ping's id.
  reply: (method, id) =>
    method === 'mining.ping'
      ? JSON.stringify({ id, method: 'pong', params: [] })
      : JSON.stringify({ id, result: VERSION, error: null }),
  // mining.c: a little-endian counter, at 0 again with each job (create_jobs_task.c).
  extranonce2: 'first-byte',
  firstNonce: 0,
  nonceText: paddedNonce,
  // stratum_v1_task.c, system.c: clean_jobs voids what the chips have in hand; else they go on with it until the next
  // job is due, and what they find is sent.
  oldShares: 'unless-clean',
  lingersMs: 500,
  // create_jobs_task.c: a difficulty is taken up with the next job.
  hardensAtOnce: false,
  // stratum_v1_task.c: 1 s after a cut, 5 s after a failed connect, three times; protocol_coordinator.c: then 30 s.
  reconnectsAfter: { end: [1000, 1000], unwelcome: [1000, 1000], failure: [5000, 5000] },
  givesUp: { failures: 3, restMs: 30_000 },
  // It reads on for ever (issue 1964: a silent pool goes unnoticed).
  silence: undefined,
  keepaliveMs: undefined,
};
