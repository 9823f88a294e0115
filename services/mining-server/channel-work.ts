import type { ExtendedChannel } from '../../domain/channels/extended-channel.ts';
import type { ExtendedJob, LiveJob } from '../../domain/jobs/extended-job.ts';
import { exponentFor } from '../../domain/vardiff/vardiff.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { MiningHouse } from './house.ts';
import { currentJob, futureJob, newPrevHash, setTarget } from './messages.ts';

type Send = (message: MiningMessage) => void;

/** A change of work, the same for all channels. Updates are numbered, since they reach connections in slices. */
export type WorkUpdate =
  | { readonly kind: 'announce'; readonly job: ExtendedJob }
  | { readonly kind: 'add' | 'activate'; readonly live: LiveJob };

/** What a channel gets right after it is open: the current job as a future one, and its tip. */
export function sendFirstWork(channel: ExtendedChannel, house: MiningHouse, send: Send): void {
  if (house.current) activate(channel, house.current, send);
  for (const job of house.announced) announce(channel, job, send);
}

/** Tells a channel of a change, unless it began with it. */
export function sendUpdate(channel: ExtendedChannel, number: number, update: WorkUpdate, send: Send): void {
  if (number <= channel.update) return;
  channel.update = number;
  if (update.kind === 'announce') announce(channel, update.job, send);
  else if (update.kind === 'activate') activate(channel, update.live, send);
  else add(channel, update.live, send);
}

/** Gives a channel another target, and at once a job to which it applies: the old job keeps the old one. */
export function retarget(channel: ExtendedChannel, house: MiningHouse, send: Send): void {
  send(setTarget(channel));
  const newest = channel.jobs.newest?.live;
  if (!newest) return;
  const renewed = house.renew(newest.job.id);
  // On another tip the job comes with that tip's own update.
  if (renewed && renewed.tip === newest.tip) add(channel, renewed, send);
}

/** Moves a channel's target where its shares or the range that is paid ask for it. */
export function adjust(channel: ExtendedChannel, house: MiningHouse, now: number, send: Send): void {
  if (!house.range) return;
  const range = channel.range(house.range);
  const { k } = channel.vardiff;
  const inRange = Math.max(range.floor, Math.min(range.ceiling, k));
  if (inRange !== k) channel.vardiff.set(inRange, now);
  else if (channel.vardiff.evaluate(now, range) === undefined) return;
  house.log.debug({ channel: channel.id, from: k, to: channel.vardiff.k }, 'target moved');
  retarget(channel, house, send);
}

/** Follows a client's own word of its rate and its maximum target; SetTarget is the answer in any case. */
export function follow(
  channel: ExtendedChannel,
  house: MiningHouse,
  wish: { nominalHashRate: number; clientFloor: number },
  now: number,
  send: Send,
): void {
  if (!house.range) return;
  const { sharesPerMinute } = house.policy;
  channel.clientFloor = wish.clientFloor;
  const range = channel.range(house.range);
  const before = exponentFor(channel.nominalHashRate, sharesPerMinute, range);
  const after = exponentFor(wish.nominalHashRate, sharesPerMinute, range);
  channel.nominalHashRate = wish.nominalHashRate;
  const { k } = channel.vardiff;
  const wanted = after !== before && wish.nominalHashRate > 0 ? after : k;
  const next = Math.max(range.floor, Math.min(range.ceiling, wanted));
  if (next === k) {
    send(setTarget(channel));
    return;
  }
  channel.vardiff.set(next, now);
  retarget(channel, house, send);
}

function announce(channel: ExtendedChannel, job: ExtendedJob, send: Send): void {
  channel.announce(job);
  send(futureJob(channel, job));
}

function activate(channel: ExtendedChannel, live: LiveJob, send: Send): void {
  if (!channel.jobs.isAnnounced(live.job.id)) announce(channel, live.job, send);
  channel.activate(live);
  send(newPrevHash(channel, live.job.id, live.tip));
}

function add(channel: ExtendedChannel, live: LiveJob, send: Send): void {
  channel.add(live);
  send(currentJob(channel, live));
}
