const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;

/** `14:03:22` in the reader's own time zone, or in the one that is named. */
export function clockTime(milliseconds: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', { ...clock, timeZone }).format(milliseconds);
}

/** `2026-11-21 14:03:22`. */
export function dateTime(milliseconds: number, timeZone?: string): string {
  const date = new Intl.DateTimeFormat('sv-SE', { ...day, timeZone }).format(milliseconds);
  return `${date} ${clockTime(milliseconds, timeZone)}`;
}

/** The time alone where it is of today, else with its date. */
export function shortTime(milliseconds: number, now: number, timeZone?: string): string {
  const full = dateTime(milliseconds, timeZone);
  const [date, time] = full.split(' ');
  return date === dateTime(now, timeZone).split(' ')[0] ? (time ?? full) : full;
}

/** What a `<time>` element holds for machines. */
export function machineTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
