const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365.25 * DAY;

const units: readonly (readonly [seconds: number, short: string, one: string, many: string])[] = [
  [YEAR, 'y', 'year', 'years'],
  [DAY, 'd', 'day', 'days'],
  [HOUR, 'h', 'hour', 'hours'],
  [MINUTE, 'min', 'minute', 'minutes'],
  [1, 's', 'second', 'seconds'],
];

/** A length of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  const whole = Math.max(0, Math.floor(seconds));
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return '0 s';
  const [size, short] = units[first] ?? [1, 's'];
  const count = Math.floor(whole / size);
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole - count * size) / next[0]);
  return rest === 0 || next === undefined ? `${count} ${short}` : `${count} ${short} ${rest} ${next[1]}`;
}

/** A length of time that is an expectation: one unit and no false precision, `about 3 days`. */
export function roughly(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '-';
  if (seconds > 1_000_000 * YEAR) return 'over a million years';
  const unit = units.find(([size]) => seconds >= 1.5 * size);
  if (unit === undefined) return 'about a second';
  const [size, , one, many] = unit;
  const count = Math.round(seconds / size);
  return `about ${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** How long ago something was: `just now`, `45 s ago`. */
export function ago(seconds: number): string {
  return seconds < 2 ? 'just now' : `${duration(seconds)} ago`;
}
