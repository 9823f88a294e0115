import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './temporary-folder.ts';

/** Stands between a client and the tests' PostgreSQL. */
export interface DroppingProxy {
  readonly url: string;
  /** The next time that the client sends this, it goes on to the server, and the client's connection is gone. */
  dropAfter(sent: string): void;
}

/** @param url of a database of `testPostgres` */
export async function droppingProxy(t: Pick<TestContext, 'after'>, url: string): Promise<DroppingProxy> {
  const server = new URL(url.replace('@/', '@localhost/'));
  const upstreamPath = join(server.searchParams.get('host') ?? '', '.s.PGSQL.5432');
  const folder = temporaryFolder();
  const sockets = new Set<Socket>();
  let trigger: string | undefined;
  const listener = createServer((client) => {
    const upstream = connect(upstreamPath);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    upstream.on('data', (data) => client.write(data));
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.end());
    client.on('data', (data) => {
      upstream.write(data);
      if (trigger === undefined || !data.includes(trigger)) return;
      trigger = undefined;
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => listener.listen(join(folder, '.s.PGSQL.5432'), resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  server.searchParams.set('host', folder);
  return {
    url: server.href.replace('@localhost/', '@/'),
    dropAfter: (sent) => {
      trigger = sent;
    },
  };
}
