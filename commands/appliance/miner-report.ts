import type { Report, Results } from '../../roles/miner/report.ts';
import { formatTable } from './text-table.ts';

const UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** The figures of a run so far in one line. */
export function reportLine({ seconds, total }: Report): string {
  const { mining, machines, accepted, rejected, stale, unanswered, reconnects } = total;
  return [
    `${seconds.toFixed(0)} s: ${mining} of ${machines} mining`,
    `${counted(accepted, 'share')} accepted, ${rejected} rejected (${stale} stale), ${unanswered} unanswered`,
    counted(reconnects, 'reconnect'),
    `${rate(total.realHashrate)} made, ${rate(total.creditedHashrate)} credited`,
  ].join('; ');
}

/** The figures of a whole run: a row for each profile and one for all, and below them the reasons that were given. */
export function reportTable({ profiles, total }: Report): string {
  const rows = [...profiles, ...(profiles.length > 1 ? [total] : [])];
  return [
    formatTable(rows.map(row)),
    ...reasons('rejected', total.rejections),
    ...reasons('connection ended', total.endings),
    ...reasons('handshake failed', total.refusals),
    ...(total.unreachable > 0 ? [`could not connect ${counted(total.unreachable, 'time')}`] : []),
  ].join('\n');
}

/** A number of things, as people write it. */
export function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** A rate as people write it: 1.20 TH/s. */
export function rate(hashesPerSecond: number): string {
  const power = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log10(hashesPerSecond || 1) / 3)));
  const value = hashesPerSecond / 1000 ** power;
  return `${power === 0 ? value.toFixed(0) : value.toFixed(2)} ${UNITS[power]}H/s`;
}

function row(results: Results): Record<string, string> {
  return {
    profile: results.profile,
    machines: String(results.machines),
    sent: String(results.sent),
    accepted: String(results.accepted),
    rejected: String(results.rejected),
    stale: String(results.stale),
    unanswered: String(results.unanswered),
    dropped: String(results.dropped),
    reconnects: String(results.reconnects),
    claimed: rate(results.claimedHashrate),
    made: rate(results.realHashrate),
    credited: rate(results.creditedHashrate),
  };
}

function reasons(what: string, counts: Readonly<Record<string, number>>): string[] {
  const byNumber = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return byNumber.map(([words, times]) => `${what} ${counted(times, 'time')}: ${words}`);
}
