import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isHashpoolError, messageOf } from '../../protocols/errors.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { locateBitcoind } from '../bitcoind/locate.ts';
import { lookerLines } from '../bitcoind/looker.ts';
import { type Bitcoind, startBitcoind } from '../bitcoind/start.ts';
import { exitCodes } from './exit-codes.ts';
import { leaveInitialDownload, readChain } from './regtest-chain.ts';
import { openPayments } from './regtest-payments.ts';

const POLL_MS = 1_000;
const POLLS_PER_PAYMENT = 2;

/**
 * bitcoind as a role like the others: this process is its parent, speaks for it on the supervisor's channel,
 * and takes it down when the supervisor says so or is gone.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      'rpc-port': { type: 'string' },
      payments: { type: 'boolean', default: false },
    },
  });
  const doing = showProgress();
  const command = await locateBitcoind(process.env, (line) => {
    doing.text = line;
    say(line);
  });
  doing.text = 'starting';
  const node = await startBitcoind({
    command,
    datadir: folder('STATE_DIRECTORY'),
    network: 'regtest',
    rpcPort: Number(values['rpc-port']),
    rpcAuth: credential('bitcoin-rpc'),
    extraArguments: [
      `-conf=${values.config}`,
      ...(values.payments ? ['-disablewallet=0'] : []),
      ...lookerLines(credential('bitcoin-rpc-look')).map((line) => `-${line}`),
    ],
    onLine: say,
  });
  endTogether(node);
  await leaveInitialDownload(node.rpc);
  const payments = values.payments ? await tried(openPayments(nodeWithAuth(node))) : undefined;
  clearInterval(doing.timer);
  await reportChain(node.rpc);
  tell({ type: 'ready' });
  for (let polls = 1; ; polls++) {
    await delay(POLL_MS);
    await reportChain(node.rpc);
    if (polls % POLLS_PER_PAYMENT === 0) await tried(payments?.pay());
  }
}

function nodeWithAuth({ rpc, url }: Bitcoind) {
  return { rpc, url, auth: credential('bitcoin-rpc') };
}

/** Payments are for the show: without them all else goes on. */
async function tried<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    say(`no payments are made: ${messageOf(error)}`);
    return undefined;
  }
}

async function reportChain(rpc: BitcoinRpc): Promise<void> {
  const { height } = await readChain(rpc);
  status(`height ${height}`, { height });
  tell({ type: 'alive' });
}

/** The first start may fetch bitcoind, which takes its time: each second a status, which also shows that this lives. */
function showProgress(): { text: string; readonly timer: NodeJS.Timeout } {
  const since = Date.now();
  const doing = {
    text: 'looking for bitcoind',
    timer: setInterval(() => status(`${doing.text} (${Math.round((Date.now() - since) / 1000)} s)`), POLL_MS),
  };
  return doing;
}

function endTogether(node: Bitcoind): void {
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    void node.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.off('disconnect', quit);
  process.once('disconnect', stop);
  void node.exited.then((reason) => {
    if (!stopping) leave(`bitcoind: ${reason}`, 1);
  });
}

function status(text: string, figures: Readonly<Record<string, number>> = {}): void {
  tell({ type: 'status', text, figures });
}

function tell(message: object): void {
  if (process.connected) process.send?.(message);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function quit(): void {
  process.exit(0);
}

function leave(reason: string, code: number): never {
  process.stderr.write(`${reason}\n`);
  process.exit(code);
}

/** Of a message that goes on with bitcoind's log, the line that names the trouble; all lines are in our log. */
function reasonOf(message: string): string {
  const [first = '', ...log] = message.split('\n');
  return log.findLast((line) => line.startsWith('Error: ')) ?? first;
}

function credential(name: string): string {
  return readFileSync(join(folder('CREDENTIALS_DIRECTORY'), name), 'utf8').trim();
}

function folder(variable: string): string {
  return process.env[variable] ?? leave(`${variable} is not set`, exitCodes.config);
}

// Until bitcoind runs there is nothing to take down; a half-started one ends with this process's group.
process.once('disconnect', quit);
main().catch((error: unknown) => {
  leave(reasonOf(messageOf(error)), isHashpoolError(error, 'no-bitcoind') ? exitCodes.missingProgram : 1);
});
