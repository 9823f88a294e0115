import type { Reports } from '../../live/reports.ts';
import { type Finding, failing, unknown, well } from '../probe.ts';

/** Roles report every two seconds. */
const SILENT_MS = 8_000;
/** After the service's own start, roles have so long to connect. */
const PATIENCE_MS = 5_000;

export interface ReportedParts {
  readonly reports: Reports;
  /** Unix ms. */
  readonly clock: () => number;
  /** When this service began, Unix ms. */
  readonly begun: number;
}

/** Whether a role reports: one that hangs does not, also where its port still lets clients in. */
export function judgeReport({ reports, clock, begun }: ReportedParts, role: string): Finding {
  const report = reports.of(role);
  const now = clock();
  if (!report?.health) {
    return now - begun < PATIENCE_MS
      ? unknown('has not reported yet')
      : failing('does not report to its stats service');
  }
  const silentMs = now - Number(report.health.at);
  if (!report.connected || silentMs > SILENT_MS) {
    return failing(`has not reported for ${Math.round(silentMs / 1000)} s`);
  }
  return well(report.health.status || 'reports');
}

/** What a role says of one of its links, where it reports at all. */
export function judgeLink(parts: ReportedParts, role: string, link: string): Finding {
  const report = judgeReport(parts, role);
  if (report.state !== 'ok') return unknown(`the ${role} ${report.why}`);
  const said = parts.reports.of(role)?.links.get(link);
  return said ? { state: said.state, why: said.why } : unknown(`the ${role} says nothing of it`);
}
