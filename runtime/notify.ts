import { execFile } from 'node:child_process';
import type { Logger } from './logs.ts';

/** Numbers that a role shows of itself, by name. */
export type Figures = Readonly<Record<string, number | bigint | string>>;

/** Whoever started the role and wants to know how it is: systemd, the supervisor, or nobody. */
export interface Notifier {
  ready(): void;
  status(text: string, figures: Figures): void;
  /** Says that the role is alive; a no-op where no watchdog waits for it. */
  alive(): void;
  stopping(): void;
  /** How often `alive` is wanted, in ms; undefined where there is no watchdog. */
  readonly watchdogMs: number | undefined;
}

/** The notifier for this process: the supervisor's channel, else systemd's socket, else none. */
export function createNotifier(environment: NodeJS.ProcessEnv, log: Logger): Notifier {
  if (process.send) return channelNotifier(process.send.bind(process));
  if (environment['NOTIFY_SOCKET']) return systemdNotifier(environment, log);
  const nothing = () => undefined;
  return { ready: nothing, status: nothing, alive: nothing, stopping: nothing, watchdogMs: undefined };
}

/** The supervisor waits several times as long before it takes a role for hung. */
const CHANNEL_WATCHDOG_MS = 10_000;

function channelNotifier(send: (message: unknown) => boolean): Notifier {
  const tell = (message: unknown) => {
    if (process.connected) send(message);
  };
  return {
    ready: () => tell({ type: 'ready' }),
    status: (text, figures) => tell({ type: 'status', text, figures }),
    alive: () => tell({ type: 'alive' }),
    stopping: () => tell({ type: 'status', text: 'stopping', figures: {} }),
    watchdogMs: CHANNEL_WATCHDOG_MS,
  };
}

/** Node has no datagram sockets of the unix kind, so systemd's own `systemd-notify(1)` carries the words. */
function systemdNotifier(environment: NodeJS.ProcessEnv, log: Logger): Notifier {
  const tell = (...words: string[]) => {
    execFile('systemd-notify', words, { env: environment }, (error) => {
      if (error) log.warn({ err: error }, 'systemd-notify failed: systemd may take this role for dead');
    });
  };
  const watchdogUsec = Number(environment['WATCHDOG_USEC'] ?? 0);
  let shown = '';
  return {
    ready: () => tell('--ready'),
    status: (text) => {
      // It may quote a peer, and a newline would begin another message to systemd.
      const line = text.replaceAll(/\p{Cc}+/gu, ' ');
      if (line !== shown) tell(`--status=${line}`);
      shown = line;
    },
    alive: () => tell('WATCHDOG=1'),
    // As an assignment: the option is newer than what Debian 12 has.
    stopping: () => tell('STOPPING=1'),
    watchdogMs: watchdogUsec > 0 ? watchdogUsec / 2000 : undefined,
  };
}
