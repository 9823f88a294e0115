import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import type { TestPayments } from '../../unit/mint/payments-support.ts';
import { openTestMint } from '../../unit/mint/support.ts';
import { apiConfig } from '../../unit/mint/web.ts';

/** When a request passes the proxy: before the mint has it, or when its answer is there and not yet passed on. */
export type Moment = 'request' | 'answer';
/** Called once for the first request of its path; 'drop' cuts the connection there. */
export type Trap = () => 'drop' | 'pass' | Promise<'drop' | 'pass'>;

/**
 * The mint's real engine and routes, behind a proxy that can cut in at any step and counts what the mint refuses.
 * @param lightning a mint that is paid over Lightning, in place of one that is not
 */
export async function startMint(
  t: Pick<TestContext, 'after'>,
  lightning?: Pick<TestPayments, 'mint' | 'payments'>,
) {
  const mint = lightning?.mint ?? (await openTestMint(t));
  const log = pino({ level: 'silent' });
  const http = cashuApi({ config: apiConfig, engine: mint.engine, payments: lightning?.payments, log });
  const upstream = await http.listen({ host: '127.0.0.1', port: 0 });
  const traps = new Map<string, Trap>();
  /** Cashu error codes that the mint has answered with, in order. */
  const refusals: number[] = [];

  async function isDropped(path: string, moment: Moment): Promise<boolean> {
    const trap = traps.get(`${moment} ${path}`);
    traps.delete(`${moment} ${path}`);
    return (await trap?.()) === 'drop';
  }

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    if (await isDropped(path, 'request')) return void response.destroy();
    const answer = await fetch(upstream + path, {
      method: request.method ?? 'GET',
      ...(chunks.length > 0
        ? { body: Buffer.concat(chunks), headers: { 'content-type': 'application/json' } }
        : {}),
    });
    const text = await answer.text();
    if (answer.status >= 400) refusals.push((JSON.parse(text) as { code: number }).code);
    if (await isDropped(path, 'answer')) return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  }

  const proxy = createServer((request, response) => {
    pass(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await http.close();
  });
  return {
    mint,
    refusals,
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    trap: (moment: Moment, path: string, trap: Trap) => traps.set(`${moment} ${path}`, trap),
  };
}
