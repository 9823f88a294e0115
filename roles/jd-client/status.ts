import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { Figures } from '../../runtime/notify.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';

const LOOK_MS = 500;

interface StatusParts {
  /** Milliseconds without template provider after which miners' jobs are most likely stale. */
  readonly staleMs: number;
  isServed(): boolean;
  loseSource(): void;
  /** How it stands, in words; those that begin with "waiting" are trouble. */
  text(): string;
  figures(): Figures;
}

/** Tells how the role is whenever that changes, and sends miners away whose work is stale. */
export function openStatus(
  { status }: Pick<RoleContext<JdClientConfig, JdClientShared>, 'status'>,
  { staleMs, isServed, loseSource, text, figures }: StatusParts,
): { close(): void } {
  let told = '';
  let servedAt = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (isServed()) servedAt = now;
    else if (now - servedAt >= staleMs) loseSource();
    const [words, numbers] = [text(), figures()];
    const line = JSON.stringify([words, numbers]);
    if (line === told) return;
    told = line;
    status(words, numbers);
  };
  const timer = setInterval(look, LOOK_MS);
  look();
  const close = (): void => {
    clearInterval(timer);
    look();
  };
  return { close };
}
