/** What one miner's connection tells of itself, for statistics; nothing depends on it, and each call is cheap. */
export interface MinerTeller {
  /** A worker of it may mine. @param software as the miner says, may be empty */
  authorized(username: string, software: string): void;
  /** The pool accepted a share. @param targetLe of its job, 32 bytes; @param ms since it came */
  accepted(username: string, targetLe: Uint8Array, ms: number): void;
  /** A share was refused, or nobody knows what became of it. @param reason a code */
  rejected(username: string, reason: string): void;
  /** The connection is gone. */
  gone(): void;
}

/** For a translator that reports to nobody. */
export const TELLS_NOBODY: MinerTeller = {
  authorized: () => undefined,
  accepted: () => undefined,
  rejected: () => undefined,
  gone: () => undefined,
};
