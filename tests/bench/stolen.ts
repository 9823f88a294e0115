import { readFileSync } from 'node:fs';

/** Time of all processors together since the machine started, in hundredths of a second. */
export interface MachineTime {
  readonly all: number;
  /** Which the host gave to other machines while this one had work for it. */
  readonly stolen: number;
}

/** As proc_stat(5) has it: user, nice, system, idle, iowait, irq, softirq, steal. */
export function machineTime(): MachineTime {
  const fields = readFileSync('/proc/stat', 'utf8').match(/\d+/g)?.slice(0, 8).map(Number) ?? [];
  return { all: fields.reduce((sum, ticks) => sum + ticks, 0), stolen: fields[7] ?? 0 };
}

/** Percent of the processors' time that others had since then; 0 where none has passed. */
export function stolenPercent(since: MachineTime): number {
  const now = machineTime();
  return now.all === since.all ? 0 : (100 * (now.stolen - since.stolen)) / (now.all - since.all);
}
