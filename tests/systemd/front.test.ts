import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { freePortBase } from '../harness/free-ports.ts';
import { nginxProgram } from '../harness/nginx-program.ts';
import { nixEval } from '../harness/nix.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { startService, until } from '../unit/services/stats/scene.ts';

const LIMIT_MS = 60_000;

/** What the hosts get, and where it listens and passes on to. */
interface Front {
  readonly text: string;
  readonly limits: string;
  readonly sides: Readonly<
    Record<'server' | 'client', { readonly number: number; readonly upstream: number }>
  >;
}

const rendered = `
  let
    render = import ./nix/render.nix;
    front = import ./nix/front.nix { };
    public = import ./nix/public-front.nix { };
    world = public.virtualHost // { listen = [ { addr = "127.0.0.1"; port = 9; } ]; };
  in {
    text = builtins.concatStringsSep "\\n"
      (map render.virtualHost (builtins.attrValues front.virtualHosts ++ [ world ]));
    limits = public.limits;
    sides = (import ./nix/roles.nix { }).front;
  }`;

/** nginx with the hosts' config in front of two stats services, on ports of its own. */
async function startFront(t: TestContext) {
  const { text, limits, sides } = nixEval(rendered) as Front;
  const [server, client] = [await startService(t), await startService(t, { side: 'proxy' })];
  const base = await freePortBase(3);
  const urls = {
    server: `http://127.0.0.1:${base}`,
    client: `http://127.0.0.1:${base + 1}`,
    world: `http://127.0.0.1:${base + 2}`,
  };
  const ports = new Map([
    [sides.server.number, base],
    [sides.client.number, base + 1],
    [9, base + 2],
    [sides.server.upstream, Number(new URL(server.url).port)],
    [sides.client.upstream, Number(new URL(client.url).port)],
  ]);
  const hosts = text.replaceAll(/127\.0\.0\.1:(\d+)/g, (place, port: string) => {
    const moved = ports.get(Number(port));
    return moved === undefined ? place : `127.0.0.1:${moved}`;
  });
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'tmp'));
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events { }`,
      'http {',
      'access_log off;',
      ...kinds.map((kind) => `${kind}_temp_path ${folder}/tmp/${kind};`),
      limits,
      hosts,
      '}',
    ].join('\n'),
  );
  const child = spawn(await nginxProgram(), ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGQUIT');
    await exited;
  });
  await until('nginx', () =>
    fetch(`${urls.server}/livez`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { urls, server };
}

/** The first message of a live feed by WebSocket, as the page of that origin asks for it. */
async function firstByWebSocket(url: string, origin: string): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { origin });
  try {
    const [message] = (await once(socket, 'message')) as [Buffer];
    return (JSON.parse(message.toString()) as { type: string }).type;
  } finally {
    socket.terminate();
  }
}

/** The first bytes of a live feed by server-sent events; a proxy that gathers them gives none. */
async function firstByEvents(url: string): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/api/live`, { signal: leaving.signal });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const chunk = await response.body?.getReader().read();
  leaving.abort();
  return Buffer.from(chunk?.value ?? []).toString();
}

test('through nginx, on loopback and for the world, the live feed comes as it happens, and to no other site', {
  timeout: LIMIT_MS,
}, async (t) => {
  const { urls, server } = await startFront(t);
  for (const [name, url] of Object.entries(urls)) {
    assert.equal(await firstByWebSocket(url, url), 'stats', name);
    await assert.rejects(firstByWebSocket(url, 'http://elsewhere.example'), /503/, name);
    assert.match(await firstByEvents(url), /^event: stats\ndata: \{/, name);
    assert.equal((await fetch(`${url}/livez`)).status, 200, name);
  }
  await server.close();
  const away = await fetch(`${urls.server}/health`);
  assert.equal(away.status, 503);
  assert.match(await away.text(), /the stats service of the server side does not answer/);
});
