import { h, type JSX } from 'preact';
import { useNow } from '../data/now.ts';
import { ago, duration } from '../format/duration.ts';
import { clockTime, dateTime, machineTime, shortTime } from '../format/time.ts';

/** Numbers are asked for every few seconds; what is older than this is said to be. */
const FRESH_MS = 30_000;

/** When numbers were true, by the service's clock. */
export function AsOf({ at }: { readonly at: number }): JSX.Element {
  const now = useNow(5_000);
  const age = now - at;
  const text = age > FRESH_MS ? `as of ${shortTime(at, now)}, ${ago(age / 1000)}` : `as of ${clockTime(at)}`;
  return h('time', { dateTime: machineTime(at), title: dateTime(at) }, text);
}

/** How long ago something happened, counting on; or as a length, for how long it has been so. */
export function Ago({
  at,
  isLength = false,
}: {
  readonly at: number;
  readonly isLength?: boolean;
}): JSX.Element {
  const seconds = (useNow(1_000) - at) / 1000;
  const text = isLength ? duration(seconds) : ago(seconds);
  return h('time', { dateTime: machineTime(at), title: `since ${dateTime(at)}` }, text);
}

/** The time of an event; with its date where that is not today. */
export function TimeOf({ at }: { readonly at: number }): JSX.Element {
  return h('time', { dateTime: machineTime(at), title: dateTime(at) }, shortTime(at, useNow(60_000)));
}
