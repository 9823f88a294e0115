/** How far a process's events were taken. */
export interface SourceMark {
  readonly role: string;
  /** 32 hex digits. */
  readonly instance: string;
  /** Number of the last event. */
  readonly taken: number;
}

/**
 * How many events of each role's process were taken. The marks are written with what the events made, so that after a
 * crash a role sends again what was lost here, and nothing else.
 */
export class Sources {
  readonly #sources = new Map<
    string,
    { instance: string; taken: number; acknowledge(taken: number): void }
  >();

  /** @param marks of earlier runs */
  constructor(marks: readonly SourceMark[]) {
    for (const { role, instance, taken } of marks) {
      this.#sources.set(role, { instance, taken, acknowledge: () => undefined });
    }
  }

  /** A process is there. @returns the number of its last event that was taken */
  open(role: string, instance: string, acknowledge: (taken: number) => void): number {
    const known = this.#sources.get(role);
    const taken = known?.instance === instance ? known.taken : 0;
    this.#sources.set(role, { instance, taken, acknowledge });
    return taken;
  }

  /** The next event of the role's process has the number after this one. */
  set(role: string, taken: number): void {
    const source = this.#sources.get(role);
    if (source) source.taken = taken;
  }

  count(role: string, events: number): void {
    const source = this.#sources.get(role);
    if (source) source.taken += events;
  }

  get marks(): SourceMark[] {
    return [...this.#sources].map(([role, { instance, taken }]) => ({ role, instance, taken }));
  }

  /** These marks are on the disk. */
  written(marks: readonly SourceMark[]): void {
    for (const { role, instance, taken } of marks) {
      const source = this.#sources.get(role);
      if (source?.instance === instance) source.acknowledge(taken);
    }
  }
}
