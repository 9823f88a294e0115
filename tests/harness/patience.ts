/**
 * How long a test waits for what nobody promised a time for: a role takes seconds of processor time to start, and eight of
 * them beside other tests, on two cores that others use too, take minutes. A promise of seconds is measured by
 * running-clock.ts instead.
 */
export const PATIENCE_MS = 180_000;
