import { type ConfigureRequest, parseConfigure } from '../../../protocols/sv1/configure.ts';
import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import { hexU32 } from '../../../protocols/sv1/fields.ts';
import type { MessageId } from '../../../protocols/sv1/line.ts';
import type { MinerMethod } from '../../../protocols/sv1/methods.ts';
import {
  parseAuthorize,
  parseSubscribe,
  parseSuggestDifficulty,
  parseSuggestTarget,
} from '../../../protocols/sv1/requests.ts';
import type { DifficultyWishes } from './wishes.ts';

/** BIP320: the version bits that miners may roll. */
export const VERSION_ROLLING_MASK = 0x1fffe000;

/** What a method does to the connection that it is called on. */
export interface Callee {
  /** Changes what the miner wants of its difficulty, and tells the pool. */
  wish<T>(change: (wishes: DifficultyWishes) => T): T;
  grantVersionMask(mask: number): void;
  takeExtranonces(): void;
  /** What the miner says of itself, for the log. */
  introduce(info: Readonly<Record<string, string>>): void;
  subscribe(request: ReturnType<typeof parseSubscribe>): Promise<unknown>;
  authorize(request: ReturnType<typeof parseAuthorize>): Promise<true>;
  /** @returns what stands for an answer that comes later */
  submit(id: MessageId | undefined, params: unknown): unknown;
}

type Method = (callee: Callee, params: unknown, id: MessageId | undefined) => unknown;

/** What is answered to each method of the table, a promise of it, or the Sv1Error that is thrown. */
export const methods: Readonly<Record<MinerMethod, Method>> = {
  'mining.submit': (callee, params, id) => callee.submit(id, params),
  'mining.configure': (callee, params) => configure(callee, parseConfigure(params)),
  'mining.subscribe': (callee, params) => callee.subscribe(parseSubscribe(params)),
  'mining.authorize': (callee, params) => callee.authorize(parseAuthorize(params)),
  'mining.extranonce.subscribe': (callee) => {
    callee.takeExtranonces();
    return true;
  },
  'mining.suggest_difficulty': (callee, params) => {
    const difficulty = parseSuggestDifficulty(params);
    callee.wish((wishes) => wishes.suggest(difficulty));
    return true;
  },
  'mining.suggest_target': (callee, params) => {
    const target = parseSuggestTarget(params);
    callee.wish((wishes) => wishes.suggestTarget(target));
    return true;
  },
  'mining.get_transactions': () => {
    throw new Sv1Error(refusals.transactionsNotServed);
  },
  'mining.ping': () => 'pong',
  'client.get_version': () => 'hashpool translator',
};

/** BIP310: each extension that was named is answered true, false, or with words for what is wrong. */
function configure(callee: Callee, asked: ConfigureRequest): Record<string, unknown> {
  const answer: Record<string, unknown> = {};
  const { versionRolling, minimumDifficulty } = asked;
  if (versionRolling !== undefined && 'wrong' in versionRolling) {
    answer['version-rolling'] = versionRolling.wrong;
  } else if (versionRolling !== undefined) {
    const mask = (versionRolling.value.mask & VERSION_ROLLING_MASK) >>> 0;
    callee.grantVersionMask(mask);
    answer['version-rolling'] = mask !== 0;
    answer['version-rolling.mask'] = hexU32(mask);
  }
  if (minimumDifficulty !== undefined) {
    answer['minimum-difficulty'] =
      'wrong' in minimumDifficulty
        ? minimumDifficulty.wrong
        : callee.wish((wishes) => wishes.promiseMinimum(minimumDifficulty.value));
  }
  if (asked.subscribeExtranonce) {
    callee.takeExtranonces();
    answer['subscribe-extranonce'] = true;
  }
  if (asked.info !== undefined) {
    callee.introduce(asked.info);
    answer['info'] = true;
  }
  for (const name of asked.unknown) answer[name] = false;
  return answer;
}
