import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../protocols/bytes.ts';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { JOB_DECLARATION_PROTOCOL } from '../../protocols/sv2/common.ts';
import {
  DECLARE_TX_DATA,
  type JobDeclarationMessage,
  jobDeclarationProtocol,
} from '../../protocols/sv2/job-declaration.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { freePortBase } from './free-ports.ts';
import { RoleProcess } from './role-process.ts';
import { until } from './template-client.ts';
import { temporaryFolder } from './temporary-folder.ts';

const entry = fileURLToPath(new URL('../../roles/jd-server/main.ts', import.meta.url));
const FRAME_CAP = 4_500_000;

export interface JdServerOptions {
  readonly rpcUrl: string;
  readonly rpcAuth: string;
  /** Descriptor of the pool's output. */
  readonly rewardScript: string;
  /** Signs its tokens; a new key where it is left out. */
  readonly tokenSecret?: Uint8Array;
  /** Lines of the role's own config. */
  readonly config?: readonly string[];
}

/** The role, and what clients and pools must know of it. */
export interface JdServerProcess {
  readonly role: RoleProcess;
  readonly address: string;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
  /** 33 bytes, by which a pool knows its tokens. */
  readonly tokenKey: Uint8Array;
  /** What its mint says is the open epoch's keyset, 33 bytes. */
  readonly keysetId: Uint8Array;
}

/** Starts roles/jd-server as the supervisor does, and in the mint's place one answer that names a keyset. */
export async function jdServer(
  t: Pick<TestContext, 'after'>,
  options: JdServerOptions,
): Promise<JdServerProcess> {
  const { curve } = await loadCrypto();
  const folder = temporaryFolder();
  const [authoritySecret, poolSecret] = [secret(), secret()];
  const tokenSecret = options.tokenSecret ?? secret();
  const authorityKey = curve.xOnly(curve.publicKey(authoritySecret));
  const poolId = toHex(curve.publicKey(poolSecret));
  const keysetId = Uint8Array.from([1, ...randomBytes(32)]);
  const mintUrl = await keysetAnswer(t, `hash_${poolId}_7`, keysetId);
  const address = `127.0.0.1:${await freePortBase(1)}`;
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('bitcoin-rpc', [options.rpcAuth]);
  write('jd-server-authority', [encodeAuthoritySecretKey(authoritySecret)]);
  write('jd-server-authority.pub', [encodeAuthorityPublicKey(authorityKey)]);
  write('jd-server-token', [toHex(tokenSecret)]);
  write('pool-id.pub', [poolId]);
  write('jds.toml', [
    `listen_jd_address = "${address}"`,
    `coinbase_reward_script = "${options.rewardScript}"`,
    ...(options.config ?? []),
  ]);
  write('pool.toml', [
    '[bitcoin]',
    'network = "regtest"',
    `rpc_url = "${options.rpcUrl}"`,
    '[mint]',
    `url = "${mintUrl}"`,
    'work_link_address = "127.0.0.1:34260"',
    'work_link_public_key = "public:mint-authority.pub"',
    '[pool]',
    'pool_id = "public:pool-id.pub"',
  ]);
  const role = new RoleProcess(
    [entry, '-c', join(folder, 'jds.toml'), '-g', join(folder, 'pool.toml'), '--debug'],
    folder,
  );
  t.after(() => role.stop());
  await role.says(/jobs can be declared/);
  return { role, address, authorityKey, tokenKey: curve.publicKey(tokenSecret), keysetId };
}

function secret(): Uint8Array {
  return Uint8Array.from(randomBytes(32));
}

async function keysetAnswer(t: Pick<TestContext, 'after'>, unit: string, id: Uint8Array): Promise<string> {
  const keysets = [{ id: toHex(id), unit, active: true, input_fee_ppk: 0 }];
  const server = createServer((_, response) => void response.end(JSON.stringify({ keysets })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Name = JobDeclarationMessage['name'];

/** A client that says what it is told to, and keeps what it is answered. */
export interface JdClient {
  send(message: JobDeclarationMessage): void;
  /** The next message, whichever. */
  any(what?: string, limitMs?: number): Promise<JobDeclarationMessage>;
  /** The next message, which must have that name. */
  next<N extends Name>(name: N, limitMs?: number): Promise<Extract<JobDeclarationMessage, { name: N }>>;
  readonly isOpen: boolean;
  close(): void;
}

/** Connects to a jd-server until the test ends. @throws HashpoolError where it is refused */
export async function jdClient(
  t: Pick<TestContext, 'after'>,
  server: Pick<JdServerProcess, 'address' | 'authorityKey'>,
  flags = DECLARE_TX_DATA,
): Promise<JdClient> {
  const workers = await openHandshakeWorkers();
  t.after(() => workers.close());
  const connection = await connectSv2({
    ...hostAndPort(server.address),
    protocol: jobDeclarationProtocol,
    authorityKey: server.authorityKey,
    setup: { protocol: JOB_DECLARATION_PROTOCOL, flags },
    frameCap: FRAME_CAP,
    workers,
    log: createLog('test', 'silent'),
  });
  const received: JobDeclarationMessage[] = [];
  connection.onMessage = (message) => void received.push(message);
  t.after(() => connection.close());
  const any: JdClient['any'] = async (what = 'whatever', limitMs) => {
    await until(() => received.length > 0, `answer ${what}`, limitMs);
    const message = received.shift();
    if (message === undefined) throw new Error('somebody else has taken the answer');
    return message;
  };
  return {
    send: (message) => connection.send(message),
    get isOpen() {
      return connection.isOpen;
    },
    close: () => connection.close(),
    any,
    async next<N extends Name>(name: N, limitMs?: number) {
      const message = await any(name, limitMs);
      if (message.name === name) return message as Extract<JobDeclarationMessage, { name: N }>;
      const details = 'error_details' in message ? Buffer.from(message.error_details).toString() : '';
      throw new Error(`${message.name} came, not ${name}: ${details}`);
    },
  };
}
