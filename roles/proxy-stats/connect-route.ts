import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { hostAndPort } from '../../runtime/config/address.ts';
import type { ApiContext } from '../../services/stats/api/context.ts';
import { type ConnectView, connectSchema } from '../../services/stats/api/schemas/connect.ts';
import { noQuery } from '../../services/stats/api/schemas/queries.ts';

/** An address that does not answer for so long is not one to give to a miner. */
const PATIENCE_MS = 500;
/** What was found is told again for so long. */
const KEEP_MS = 10_000;
/** Addresses of one machine that are tried. */
const MAX_HOSTS = 8;
const loopback = /^(127\.|::1$|localhost$)/;

export interface ConnectParts {
  /** Where the translator lets miners in, as in the config. */
  readonly translatorAddress: string;
  /** Where it lets them in over TLS, on the same host. */
  readonly tlsPort: number | undefined;
  readonly mintUrl: string;
  /** Whether addresses of this machine are for nobody to see. */
  readonly redactsAddresses: boolean;
}

/** What to enter in a miner: the addresses at which the translator really answers. */
export function connectRoute(http: FastifyInstance, { clock }: ApiContext, parts: ConnectParts): void {
  const { host, port } = hostAndPort(parts.translatorAddress);
  const { tlsPort } = parts;
  let found: { readonly at: number; readonly hosts: Promise<string[]>[] } | undefined;
  http.get(
    '/api/connect',
    {
      schema: {
        querystring: noQuery,
        response: { 200: connectSchema },
        summary: 'Where miners connect and which mint pays, to copy into devices and wallets',
      },
    },
    async (): Promise<ConnectView> => {
      const now = clock();
      if (found === undefined || Math.abs(now - found.at) > KEEP_MS) {
        const candidates = parts.redactsAddresses ? [host] : hostsOf(host);
        const ports = tlsPort === undefined ? [port] : [port, tlsPort];
        found = { at: now, hosts: ports.map((each) => reachable(candidates, each)) };
      }
      const [hosts = [], tlsHosts = []] = await Promise.all(found.hosts);
      return {
        as_of: found.at,
        port,
        hosts,
        tls_port: tlsPort ?? null,
        tls_hosts: tlsHosts,
        mint_url: parts.mintUrl,
      };
    },
  );
}

/** The translator's host as other machines know it: where it is this machine, by all its addresses. */
function hostsOf(host: string): string[] {
  if (!loopback.test(host)) return [host];
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
  return [...own.slice(0, MAX_HOSTS), host];
}

async function reachable(hosts: readonly string[], port: number): Promise<string[]> {
  const answers = await Promise.all(hosts.map((host) => isReachable(host, port)));
  return hosts.filter((_, k) => answers[k]);
}

async function isReachable(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return true;
  } catch {
    // Refused or silent: either way a miner would not get in there.
    return false;
  } finally {
    socket.destroy();
  }
}
