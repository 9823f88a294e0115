import { readFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths of a second. */
const US_PER_TICK = 10_000;

/** Microseconds of CPU that a process has used so far, all its threads together. */
export function cpuUsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program stands in parentheses and may hold blanks; user and system time follow as 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK;
}
