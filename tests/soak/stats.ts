import { parseArgs } from 'node:util';
import { EVENTS_PER_SECOND, sustained } from '../bench/stats.bench.ts';

/**
 * `npm run test:soak -- stats [--minutes 10]`: the stats service as `npm run bench -- stats` has it, 5,000 events a
 * second of 10,000 miners, for long. Ends with 1 where it does not keep up, answers late, or takes too much memory.
 */

const KEPT_UP = 0.98;
const MOST: Readonly<Record<string, number>> = { ms: 1_000, MiB: 1_024 };

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = 60 * Number(values.minutes);
const faults: string[] = [];
for (const figure of sustained({ seconds })) {
  const session = await figure.open();
  try {
    const run = await session.run();
    const { operations, cpuUs = 0 } = 'operations' in run ? run : { operations: 0 };
    const cores = cpuUs / 1e6 / seconds;
    process.stdout.write(`${operations} events in ${seconds} s, ${cores.toFixed(2)} of a core\n`);
    if (operations < KEPT_UP * EVENTS_PER_SECOND * seconds) faults.push('it did not keep up');
    for (const { name, unit, value } of session.readings?.() ?? []) {
      process.stdout.write(`${name}: ${value.toFixed(1)} ${unit}\n`);
      const most = name.startsWith('its database') ? undefined : MOST[unit];
      if (most !== undefined && value > most) faults.push(`${name} is above ${most} ${unit}`);
    }
  } finally {
    await session.close?.();
  }
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
