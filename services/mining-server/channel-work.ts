import { clientName, type MiningChannel } from '../../domain/channels/mining-channel.ts';
import { type ChannelJob, MAX_FUTURE_JOBS } from '../../domain/jobs/channel-jobs.ts';
import { type ExtendedJob, earliestTime, type LiveJob } from '../../domain/jobs/extended-job.ts';
import { exponentFor, fixedExponent, within } from '../../domain/vardiff/vardiff.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { MiningHouse } from './house.ts';
import { extendedJob, newPrevHash, setTarget, standardJob } from './messages.ts';

type Send = (message: MiningMessage) => void;

/**
 * A change of work, the same for all channels. Updates are numbered, since they reach connections in slices.
 * `move` gives each channel another extranonce prefix, `regroup` the group of its present tag, `close` closes all.
 */
export type WorkUpdate =
  | JobUpdate
  | { readonly kind: 'move' }
  | { readonly kind: 'regroup' }
  | { readonly kind: 'close'; readonly reason: string };

export type JobUpdate =
  | { readonly kind: 'announce'; readonly job: ExtendedJob }
  | { readonly kind: 'add' | 'activate'; readonly live: LiveJob };

/** Whom one message reaches: a single channel, or a group with all its members, which have one tag. */
export interface Audience {
  /** Of the channel or of the group. */
  readonly id: number;
  readonly tag: string;
  readonly channels: readonly MiningChannel[];
  /**
   * Of a group, the jobs for tips to come that it was told of by its own id: a client may keep a group's jobs apart
   * from its channels', and then knows no other by the group's prev hash.
   */
  readonly announced?: Set<number>;
}

/** A channel that is addressed by its own id. */
export function alone(channel: MiningChannel): Audience {
  return { id: channel.id, tag: channel.tag, channels: [channel] };
}

/**
 * What a channel gets right after it is open: the current job as a future one, its tip, and jobs for tips to come. A
 * resumed channel gets its live jobs instead of the current one, if the tip is still theirs.
 */
export function sendFirstWork(channel: MiningChannel, house: MiningHouse, send: Send): void {
  const to = alone(channel);
  const { current } = house;
  const jobs = channel.jobs.live(performance.now());
  const live = jobs.filter(({ extranoncePrefix }) => extranoncePrefix === channel.prefix.bytes);
  if (current && live[0]?.live.tip === current.tip) {
    repeatJobs(channel, live, house, send);
    if (live.every((job) => job.live.job.id !== current.job.id)) add(to, current, house, send);
  } else if (current) {
    // What was announced on a link that was cut may not have arrived.
    announce(to, current.job, house, send);
    activate(to, current, house, send);
  }
  for (const job of house.announced) announce(to, job, house, send);
}

/** Tells of a change. */
export function sendUpdate(to: Audience, update: JobUpdate, house: MiningHouse, send: Send): void {
  if (update.kind === 'announce') announce(to, update.job, house, send);
  else if (update.kind === 'activate') activate(to, update.live, house, send);
  else add(to, update.live, house, send);
}

/** Tells of the target that all of `to` have now, and at once sends a job to which it applies: old jobs keep theirs. */
export function retarget(to: Audience, house: MiningHouse, send: Send): void {
  const [first] = to.channels;
  if (!first) return;
  send(setTarget(to.id, first.k));
  sendRenewed(to, house, send);
}

/** Sends a job that none of `to` has had, so that what changed for them applies from now on. */
export function sendRenewed(to: Audience, house: MiningHouse, send: Send): void {
  const current = house.current?.job.id;
  const newest = to.channels.map(({ jobs }) => jobs.newest?.live);
  const last = newest.find((live) => live?.job.id === current) ?? newest[0];
  // A client that makes its jobs itself has the next target with its next job.
  if (!last || last.job.customDigest) return;
  const renewed = house.renew(last.job.id);
  // On another tip the job comes with that tip's own update.
  if (renewed && renewed.tip === last.tip) add(to, renewed, house, send);
}

/**
 * Moves a channel's exponent where its shares, the range that is paid, or an upstream ask for it.
 * @param now milliseconds, of a clock that only goes forward
 * @returns whether it moved, and the channel is to be told
 */
export function adjust(channel: MiningChannel, house: MiningHouse, now: number): boolean {
  if (!house.range) return false;
  const range = channel.range(house.range);
  const { k } = channel.vardiff;
  const inRange = within(range, k);
  if (inRange !== k) channel.vardiff.set(inRange, now);
  else channel.vardiff.evaluate(now, range, channel.isFixed, channel.miners);
  if (channel.vardiff.k !== k) remember(channel, house, now);
  const told = channel.k;
  if (!channel.settle(house.useful, range)) return false;
  house.log.debug({ channel: channel.id, from: told, to: channel.k }, 'target moved');
  return true;
}

/** Keeps what the channel's shares proved, for the client's next one. */
export function remember(channel: MiningChannel, house: MiningHouse, now: number): void {
  const { userIdentity, lockingKey, session } = channel;
  const { proven } = channel.vardiff;
  if (proven !== undefined) house.memory.note(clientName(userIdentity, lockingKey), session, proven, now);
}

/** Follows a client's own word of its rate and its maximum target; SetTarget is the answer in any case. */
export function follow(
  channel: MiningChannel,
  house: MiningHouse,
  wish: { nominalHashRate: number; clientFloor: number; isFixed: boolean; miners: number },
  now: number,
  send: Send,
): void {
  if (!house.range) return;
  const { sharesPerMinute } = house.policy;
  channel.clientFloor = wish.clientFloor;
  channel.isFixed = wish.isFixed;
  channel.miners = wish.miners;
  const range = channel.range(house.range);
  const before = exponentFor(channel.nominalHashRate, sharesPerMinute, range);
  const after = exponentFor(wish.nominalHashRate, sharesPerMinute, range);
  channel.nominalHashRate = wish.nominalHashRate;
  const { k } = channel.vardiff;
  const isNews = after !== before && wish.nominalHashRate > 0;
  const wanted = isNews ? channel.vardiff.follow(after) : k;
  const next = wish.isFixed ? fixedExponent(range, channel.vardiff.proven) : within(range, wanted);
  if (next !== k) channel.vardiff.set(next, now);
  if (channel.settle(house.useful, range)) retarget(alone(channel), house, send);
  else send(setTarget(channel.id, channel.k));
}

/** Tells a channel its jobs once more, each with the target that is its own. */
function repeatJobs(
  channel: MiningChannel,
  jobs: readonly ChannelJob[],
  house: MiningHouse,
  send: Send,
): void {
  const to = alone(channel);
  let told = channel.k;
  const tellTarget = (k: number): void => {
    if (k !== told) send(setTarget(channel.id, k));
    told = k;
  };
  for (const [i, { live, k }] of jobs.entries()) {
    tellTarget(k);
    send(jobMessage(to, live.job, i === 0 ? null : earliestTime(live), house));
    if (i === 0) send(newPrevHash(channel.id, live));
  }
  tellTarget(channel.k);
}

function announce(to: Audience, job: ExtendedJob, house: MiningHouse, send: Send): void {
  send(jobMessage(to, job.withTag(to.tag), null, house));
  // At worst the group is told of a job again.
  if (to.announced && to.announced.size >= MAX_FUTURE_JOBS) to.announced.clear();
  to.announced?.add(job.id);
  for (const channel of to.channels) channel.announce(job);
}

function activate(to: Audience, live: LiveJob, house: MiningHouse, send: Send): void {
  const { job } = live;
  const isKnown = to.announced?.has(job.id) ?? true;
  if (!isKnown || !to.channels.every(({ jobs }) => jobs.isAnnounced(job.id))) announce(to, job, house, send);
  to.announced?.clear();
  send(newPrevHash(to.id, live));
  const own = live.withTag(to.tag);
  for (const channel of to.channels) channel.activate(own);
}

function add(to: Audience, live: LiveJob, house: MiningHouse, send: Send): void {
  const own = live.withTag(to.tag);
  send(jobMessage(to, own.job, earliestTime(own), house));
  const now = performance.now();
  for (const channel of to.channels) channel.add(own, now);
}

function jobMessage(
  to: Audience,
  job: ExtendedJob,
  minNtime: number | null,
  house: MiningHouse,
): MiningMessage {
  const [channel] = to.channels;
  const isReadyMade = channel?.kind === 'standard' && channel.id === to.id;
  return isReadyMade ? standardJob(channel, job, minNtime, house) : extendedJob(to.id, job, minNtime, house);
}
