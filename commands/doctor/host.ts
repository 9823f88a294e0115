import { execFile } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Role } from '../../services/supervisor/roles-table.ts';
import type { StateFolder } from '../../services/supervisor/state-folder.ts';

/** A port that something on this machine listens on. */
export interface Listener {
  readonly port: number;
  /** Whether only the machine itself reaches it. */
  readonly isLoopback: boolean;
}

/** How a program ended: its output, or undefined where it is not there or failed. */
export type Run = (program: string, ...args: readonly string[]) => Promise<string | undefined>;

/** What the doctor looks at; a test gives its own. */
export interface Host {
  readonly state: StateFolder;
  /** The roles that this host runs. */
  readonly roles: readonly Role[];
  readonly run: Run;
  /** Whether something takes connections there. */
  answers(port: number): Promise<boolean>;
  listeners(): Listener[];
  /** Bytes of a folder's disk. @throws where the folder is not there */
  disk(path: string): { free: number; size: number };
  now(): number;
}

const CONNECT_LIMIT_MS = 2_000;
const RUN_LIMIT_MS = 10_000;
const LISTEN = '0A';

/** This machine. */
export function thisHost(state: StateFolder, roles: readonly Role[]): Host {
  return {
    state,
    roles,
    run: (program, ...args) =>
      new Promise((resolve) => {
        execFile(
          program,
          args,
          { timeout: RUN_LIMIT_MS, env: { ...process.env, LC_ALL: 'C' } },
          (error, stdout) => resolve(error === null ? stdout.trim() : undefined),
        );
      }),
    answers,
    listeners: () =>
      ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => parseListeners(readFileSync(file, 'utf8'))),
    disk: (path) => {
      const { bavail, blocks, bsize } = statfsSync(path);
      return { free: bavail * bsize, size: blocks * bsize };
    },
    now: Date.now,
  };
}

/** The listening sockets of a table in the form of /proc/net/tcp: hex addresses in the machine's byte order. */
export function parseListeners(table: string): Listener[] {
  return table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':');
      return { port: Number.parseInt(port, 16), isLoopback: isLoopback(address) };
    });
}

/** 127.0.0.0/8, ::1, and the former in the latter's form. */
function isLoopback(hex: string): boolean {
  if (hex.length === 8) return hex.endsWith('7F');
  return hex === '00000000000000000000000001000000' || /^0{16}FFFF0000.{6}7F$/.test(hex);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: CONNECT_LIMIT_MS });
    const end = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
