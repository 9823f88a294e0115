/** What one end of a connection may cost. */
export interface Sv2Limits {
  /** For connecting and both acts of the handshake. */
  readonly handshakeMs: number;
  /** From the end of the handshake to SetupConnection and its answer. */
  readonly setupMs: number;
  /** What may wait for a peer to read before it is cut off; one frame more may be under way. */
  readonly queuedBytes: number;
  /** Connections of a listener, handshakes included. */
  readonly connections: number;
  /** Of those, from one address. */
  readonly connectionsPerAddress: number;
}

export const DEFAULT_LIMITS: Sv2Limits = {
  handshakeMs: 10_000,
  setupMs: 10_000,
  queuedBytes: 1024 * 1024,
  connections: 20_000,
  connectionsPerAddress: 10_000,
};

/** A client has one connection, and shares to lose: it bears with a server that stalls for some seconds. */
export const CLIENT_LIMITS: Sv2Limits = { ...DEFAULT_LIMITS, queuedBytes: 16 * 1024 * 1024 };

/** Unix seconds, for certificates. */
export const wallClock = (): number => Math.floor(Date.now() / 1000);

/** A peer that lost its power is noticed after a minute or so of silence. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 };
