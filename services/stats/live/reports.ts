import {
  LINK_STATES,
  type LinkState,
  type OpenStats,
  type ProcessHealth,
} from '../../../protocols/stats/messages.ts';

/** A role's word about one thing that it depends on. */
export interface RoleLink {
  readonly state: LinkState;
  readonly why: string;
  /** Unix ms, since when it says so. */
  readonly since: number;
}

/** What a role says of its process. Times are Unix ms. */
export interface RoleReport {
  readonly role: string;
  instance: string;
  connected: boolean;
  since: number;
  startedAt: number;
  software: string;
  health: ProcessHealth | undefined;
  /** Cores in use. */
  cpu: number | undefined;
  lost: bigint;
  links: ReadonlyMap<string, RoleLink>;
}

/** The last report of each role. */
export class Reports {
  readonly #roles = new Map<string, RoleReport>();

  get all(): RoleReport[] {
    return [...this.#roles.values()];
  }

  of(role: string): RoleReport | undefined {
    return this.#roles.get(role);
  }

  opened({ role, instance, started_at, software }: OpenStats, instanceHex: string, now: number): RoleReport {
    const known = this.#roles.get(role);
    const startedAt = Number(started_at);
    if (known) {
      if (known.instance !== instanceHex) known.health = undefined;
      Object.assign(known, { instance: instanceHex, connected: true, since: now, startedAt, software });
      return known;
    }
    const report: RoleReport = {
      role,
      instance: instance.length > 0 ? instanceHex : '',
      connected: true,
      since: now,
      startedAt,
      software,
      health: undefined,
      cpu: undefined,
      lost: 0n,
      links: new Map(),
    };
    this.#roles.set(role, report);
    return report;
  }

  closed(report: RoleReport, now: number): void {
    report.connected = false;
    report.since = now;
  }

  health(report: RoleReport, health: ProcessHealth): void {
    const before = report.health;
    if (before && health.at > before.at) {
      report.cpu = Number(health.cpu_us - before.cpu_us) / 1000 / Number(health.at - before.at);
    }
    report.health = health;
    const links = report.links;
    report.links = new Map(
      health.links.map(({ name, state, why }) => {
        const now = LINK_STATES[state] ?? 'unknown';
        const known = links.get(name);
        const since = known?.state === now ? known.since : Number(health.at);
        return [name, { state: now, why, since }];
      }),
    );
  }
}
