import type { RefusalReason, refusals } from './errors.ts';

type RefusalName = keyof typeof refusals;

/** A method that miners call, as the documentation shows it. */
interface MinerMethodSpec {
  readonly params: string;
  readonly answer: string;
  /** Names of the errors of its own, besides 'Params not array'; their words are in errors.ts. */
  readonly refused: readonly RefusalName[];
}

/** A method that we call. */
interface OurMethodSpec {
  readonly params: string;
  readonly when: string;
}

/** Every method that a miner may call; one that is not here is answered with error 20. */
export const minerMethods = {
  'mining.configure': {
    params: '[extensions], {parameters}',
    answer:
      'a map by BIP310: `version-rolling` with the mask that is common to both, `minimum-difficulty`, `subscribe-extranonce` and `info` true, others false, and words where a parameter is wrong',
    refused: ['badConfigure'],
  },
  'mining.subscribe': {
    params: '"user agent", "session id"',
    answer:
      '[[["mining.set_difficulty", id], ["mining.notify", id]], extranonce1, size of extranonce2]; `id` is the session id, which brings extranonce1, difficulty and live jobs back for 120 s after a cut',
    refused: ['badSubscribe'],
  },
  'mining.authorize': {
    params: '"user name", "password"',
    answer: 'true, for each of up to 64 workers; the password may have options',
    refused: ['noUsername', 'badAuthorize'],
  },
  'mining.submit': {
    params: '"user name", "job id", "extranonce2", "ntime", "nonce", "version bits"',
    answer: 'true once the pool has accepted the share, and not before',
    refused: [
      'notSubscribed',
      'arraySize',
      'noUsername',
      'noJobId',
      'noExtranonce2',
      'noNtime',
      'noNonce',
      'extranonce2Length',
      'badSubmit',
      'unauthorized',
      'jobNotFound',
      'stale',
      'versionMask',
      'ntimeOutOfRange',
      'lowDifficulty',
      'duplicate',
    ],
  },
  'mining.extranonce.subscribe': {
    params: '',
    answer: 'true: from now on `mining.set_extranonce` comes instead of `client.reconnect`',
    refused: [],
  },
  'mining.suggest_difficulty': {
    params: 'difficulty',
    answer: 'true: no easier difficulty is given, and difficulty begins there',
    refused: ['badSuggestDifficulty'],
  },
  'mining.suggest_target': {
    params: '"64 hex digits"',
    answer: 'as for `mining.suggest_difficulty`',
    refused: ['badSuggestDifficulty'],
  },
  'mining.get_transactions': { params: '"job id"', answer: 'never', refused: ['transactionsNotServed'] },
  'mining.ping': { params: '', answer: '"pong"', refused: [] },
  'client.get_version': { params: '', answer: '"hashpool translator"', refused: [] },
} as const satisfies Record<string, MinerMethodSpec>;

export type MinerMethod = keyof typeof minerMethods;

export function isMinerMethod(method: string): method is MinerMethod {
  return Object.hasOwn(minerMethods, method);
}

/** How some firmware answers a `mining.ping` that a pool sent: it is no request. */
export const PONG = 'pong';

/** Every method that miners are called by. */
export const ourMethods = {
  'mining.notify': {
    params:
      'job id, previous hash, coinbase 1, coinbase 2, [merkle branches], version, nbits, ntime, clean jobs',
    when: 'a job; the last one again as `id#1`, `id#2` … after 30 s without',
  },
  'mining.set_difficulty': {
    params: 'difficulty',
    when: 'before the first job that it is for; jobs told before keep theirs',
  },
  'mining.set_extranonce': {
    params: '"extranonce1", size of extranonce2',
    when: 'the pool, or its prefix, is another one; to miners that subscribed to it',
  },
  'mining.set_version_mask': {
    params: '"mask"',
    when: 'a job allows other version bits than the one before; after `version-rolling` was granted',
  },
  'client.reconnect': {
    params: '',
    when: 'what the miner was told holds no more: it is to connect again to the same address',
  },
  'client.show_message': {
    params: '"words"',
    when: 'the owner is to know: whom the ehash goes to, a password option that is wrong, a pool that is away',
  },
} as const satisfies Record<string, OurMethodSpec>;

/** Names of the errors that some method is refused with. */
export function refusalsInUse(): ReadonlySet<RefusalName> {
  return new Set<RefusalName>([
    'paramsNotArray',
    ...Object.values(minerMethods).flatMap(({ refused }): readonly RefusalName[] => refused),
  ]);
}

/** The counter of a reason in the role's figures. */
export function figureOfReason(reason: RefusalReason): string {
  return `rejected_${reason}`;
}
