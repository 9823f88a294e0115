/** What one stats client may cost. */
export interface StatsLimits {
  readonly clients: number;
  /** From connecting to OpenStats. */
  readonly openMs: number;
  /** A role reports its health every two seconds: silence for so long is an end. */
  readonly silentMs: number;
  /** Messages in ten seconds; beyond, the client is closed. */
  readonly messagesPerWindow: number;
}

export const FLOOD_WINDOW_MS = 10_000;

export const DEFAULT_STATS_LIMITS: StatsLimits = {
  clients: 32,
  openMs: 5_000,
  silentMs: 30_000,
  messagesPerWindow: 500_000,
};
