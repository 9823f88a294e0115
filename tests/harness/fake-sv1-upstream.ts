import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { eventually } from './fake-pool.ts';

interface Said {
  readonly id: number | string | null;
  readonly method: string;
  readonly params: unknown[];
}

/** One client's connection, what it said in order. */
export interface FakeSv1Link {
  readonly said: Said[];
  readonly socket: Socket;
  readonly isOpen: boolean;
  /** Says something unasked. */
  note(method: string, params: readonly unknown[]): void;
  /** Answers the requests of that method that have none yet. */
  answer(method: string, result: unknown, error?: unknown): void;
  /** The parameters of the `index`-th such message, as soon as it is there. */
  take(method: string, index?: number): Promise<unknown[]>;
}

/** An ordinary pool without a mind of its own: it lets clients in, and the test says the rest. */
export interface FakeSv1Upstream {
  readonly port: number;
  readonly links: FakeSv1Link[];
  /** What `mining.subscribe` is answered, unless a session is given back. */
  extranonce1: string;
  extranonce2Size: number;
  /** Whether sessions are given back with the extranonce that they had. */
  resumes: boolean;
  /** Told right after the client is in. */
  greeting: readonly (readonly [method: string, params: readonly unknown[]])[];
  /** What `mining.authorize` is answered. */
  letsIn: boolean;
  /** Whether nothing at all is answered. */
  isMute: boolean;
  /** What `mining.configure` is answered; undefined: nothing. */
  versionMask: string | undefined;
  link(index?: number): Promise<FakeSv1Link>;
  /** Hangs up on all, and takes nobody until {@link FakeSv1Upstream.open}. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function fakeSv1Upstream(
  t: TestContext,
  options: { tls?: { key: string; cert: string } } = {},
): Promise<FakeSv1Upstream> {
  const links: FakeSv1Link[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Map<string, string>();
  let server: Server | undefined;
  let port = 0;

  function accept(socket: Socket): void {
    const said: Said[] = [];
    const write = (line: object): void => void socket.write(`${JSON.stringify(line)}\n`);
    const link: FakeSv1Link = {
      said,
      socket,
      get isOpen() {
        return !socket.destroyed;
      },
      note: (method, params) => write({ id: null, method, params }),
      answer(method, result, error = null) {
        for (const each of said.filter(({ id, method: its }) => id !== null && its === method)) {
          write({ id: each.id, result, error });
          said.splice(said.indexOf(each), 1, { ...each, id: null });
        }
      },
      async take(method, index = 0) {
        const find = () => said.filter((each) => each.method === method)[index];
        await eventually(() => find() !== undefined, `${method} number ${index}`);
        return find()?.params ?? [];
      },
    };
    links.push(link);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message: Said = JSON.parse(line);
        said.push(message);
        greet(link, message);
      }
    });
  }

  function greet(link: FakeSv1Link, { method, params }: Said): void {
    if (upstream.isMute) return;
    if (method === 'mining.configure' && upstream.versionMask !== undefined) {
      link.answer(method, { 'version-rolling': true, 'version-rolling.mask': upstream.versionMask });
    } else if (method === 'mining.subscribe') {
      const former = upstream.resumes ? sessions.get(String(params[1])) : undefined;
      const extranonce1 = former ?? upstream.extranonce1;
      const id = `s${links.length}`;
      sessions.set(id, extranonce1);
      link.answer(method, [[['mining.notify', id]], extranonce1, upstream.extranonce2Size]);
    } else if (method === 'mining.authorize') {
      link.answer(method, upstream.letsIn, upstream.letsIn ? null : [24, 'Who are you?', null]);
      if (upstream.letsIn) for (const [name, values] of upstream.greeting) link.note(name, values);
    }
  }

  const upstream: FakeSv1Upstream = {
    get port() {
      return port;
    },
    links,
    extranonce1: 'a0000001',
    extranonce2Size: 8,
    resumes: false,
    greeting: [
      ['mining.set_difficulty', [2 ** -32]],
      ['mining.notify', fakeNotify('first')],
    ],
    letsIn: true,
    isMute: false,
    versionMask: '1fffe000',
    async link(index = 0) {
      await eventually(() => links[index] !== undefined, `connection ${index}`);
      const link = links[index];
      if (link === undefined) throw new Error('no connection');
      return link;
    },
    async shut() {
      for (const socket of sockets) socket.destroy();
      const closing = server;
      server = undefined;
      if (closing) await new Promise((resolve) => closing.close(resolve));
    },
    async open() {
      server = options.tls ? createTlsServer(options.tls, accept) : createServer(accept);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    },
  };
  await upstream.open();
  t.after(() => upstream.shut());
  return upstream;
}

/** The parameters of `mining.notify`, for a job that no block is found for. */
export function fakeNotify(
  jobId: string,
  { prevHash = '11'.repeat(32), isClean = true }: { prevHash?: string; isClean?: boolean } = {},
): unknown[] {
  const ntime = Math.floor(Date.now() / 1000).toString(16);
  const coinbase = ['010000000100', 'ffffffff00'];
  return [jobId, prevHash, ...coinbase, ['22'.repeat(32)], '20000000', '1b00ffff', ntime, isClean];
}
