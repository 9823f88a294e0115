import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { type BitcoinRpc, bitcoinRpc } from '../../runtime/rpc/client.ts';
import { isRpcError } from '../../runtime/rpc/errors.ts';
import { type BitcoindSettings, bitcoindArguments } from './arguments.ts';
import type { BitcoindCommand } from './locate.ts';

const START_LIMIT_MS = 60_000;
const START_POLL_MS = 25;
/** How long each way of stopping is given: by RPC, by SIGTERM; SIGKILL follows. */
const STOP_BY_RPC_MS = 3_000;
const STOP_BY_SIGTERM_MS = 1_500;
/** Lines of bitcoind's log kept for the message of a failed start. */
const LOG_TAIL_LINES = 20;

export interface BitcoindOptions extends BitcoindSettings {
  readonly command: BitcoindCommand;
  /** Longest wait for the first RPC answer (default 60 s). */
  readonly startLimitMs?: number;
  /** Gets each line of bitcoind's log. */
  readonly onLine?: (line: string) => void;
}

/** A running bitcoind of ours. */
export interface Bitcoind {
  readonly rpc: BitcoinRpc;
  readonly url: string;
  readonly pid: number;
  /** Settles when the process is gone, with what ended it in words. */
  readonly exited: Promise<string>;
  /** Stops it by RPC, then SIGTERM, then SIGKILL, each within its bound. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts bitcoind on its own data folder and waits until it answers RPC past its warm-up.
 * @throws HashpoolError 'bitcoind-failed' with the tail of its log where it ends or does not answer in time
 */
export async function startBitcoind(options: BitcoindOptions): Promise<Bitcoind> {
  await mkdir(options.datadir, { recursive: true });
  const { command } = options;
  const child = spawn(command.file, [...command.arguments, ...bitcoindArguments(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail = keepTail(child, options.onLine);
  const exited = exitOf(child);
  const url = `http://127.0.0.1:${options.rpcPort}`;
  const rpc = bitcoinRpc({ url, auth: options.rpcAuth });
  try {
    await answers(rpc, await realpath(options.datadir), exited, options.startLimitMs ?? START_LIMIT_MS);
    if (child.pid === undefined) throw new Error('it has no process id');
    return { rpc, url, pid: child.pid, exited, stop: () => stop(child, exited, rpc) };
  } catch (cause) {
    // Not by RPC: who answers at that port may be another node.
    await end(child, exited);
    rpc.close();
    const log = tail.length === 0 ? '' : `; its log ends:\n${tail.join('\n')}`;
    throw new HashpoolError('bitcoind-failed', `bitcoind did not start: ${messageOf(cause)}${log}`, {
      cause,
    });
  }
}

/**
 * Waits for the first answer of the node that logs into `datadir`. Another one may still hold the port, with the same
 * password or another: ours then ends by itself. Any other trouble than a node that is not up yet ends the wait.
 */
async function answers(
  rpc: BitcoinRpc,
  datadir: string,
  exited: Promise<string>,
  limitMs: number,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  const gone = exited.then((reason) => {
    throw new Error(reason);
  });
  for (let trouble: unknown; ; ) {
    try {
      const info = await Promise.race([rpc.call('getrpcinfo', [], { retry: { attempts: 1 } }), gone]);
      if (isOf(datadir, info)) return;
      trouble = new Error(`another node answers at ${rpc.url}`);
    } catch (error) {
      if (!isRpcError(error, 'rpc-unreachable', 'rpc-broken', 'rpc-warming-up', 'rpc-unauthorized'))
        throw error;
      trouble = error;
    }
    if (Date.now() > deadline) throw trouble;
    await Promise.race([delay(START_POLL_MS), gone]);
  }
}

function isOf(datadir: string, rpcInfo: unknown): boolean {
  if (typeof rpcInfo !== 'object' || rpcInfo === null || !('logpath' in rpcInfo)) return false;
  return String(rpcInfo.logpath).startsWith(`${datadir}/`);
}

async function stop(child: ChildProcess, exited: Promise<string>, rpc: BitcoinRpc): Promise<void> {
  if (isRunning(child)) {
    const asked = rpc.call('stop', [], { timeoutMs: STOP_BY_RPC_MS, retry: { attempts: 1 } });
    const isAsked = await asked.then(
      () => true,
      () => false,
    );
    if (isAsked) await within(STOP_BY_RPC_MS, exited);
  }
  await end(child, exited);
  rpc.close();
}

async function end(child: ChildProcess, exited: Promise<string>): Promise<void> {
  if (isRunning(child)) {
    child.kill('SIGTERM');
    await within(STOP_BY_SIGTERM_MS, exited);
  }
  if (isRunning(child)) child.kill('SIGKILL');
  await exited;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function within(ms: number, exited: Promise<string>): Promise<void> {
  await Promise.race([exited, delay(ms, undefined, { ref: false })]);
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be run: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `it ended with code ${code}` : `ended by ${signal}`),
    );
  });
}

/** Passes the log on line by line and keeps its end. */
function keepTail(child: ChildProcess, onLine: ((line: string) => void) | undefined): string[] {
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        onLine?.(line);
        tail.push(line);
        if (tail.length > LOG_TAIL_LINES) tail.shift();
      }
    });
  }
  return tail;
}
