import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { roleSchemas } from '../../../../commands/appliance/role-schemas.ts';
import type { Finding } from '../../../../commands/doctor/finding.ts';
import { type Host, parseListeners } from '../../../../commands/doctor/host.ts';
import {
  lookAtBackups,
  lookAtConfig,
  lookAtCredentials,
  lookAtDisk,
} from '../../../../commands/doctor/look-at-files.ts';
import {
  lookAtClock,
  lookAtFirewall,
  lookAtPorts,
  lookAtUnits,
  lookAtVersions,
} from '../../../../commands/doctor/look-at-host.ts';
import { lookAtJobDeclaration } from '../../../../commands/doctor/look-at-job-declaration.ts';
import { judgeFit, lookAtNode } from '../../../../commands/doctor/look-at-node.ts';
import { RpcError } from '../../../../runtime/rpc/errors.ts';
import { readRolesTable } from '../../../../services/supervisor/roles-table.ts';
import { tableOfSides } from '../../../../services/supervisor/sides.ts';
import { createFolders, stateFolder } from '../../../../services/supervisor/state-folder.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const GIB = 2 ** 30;
const NOW = Date.UTC(2026, 10, 21, 12);
const table = tableOfSides(readRolesTable(), ['server']);
const pool = table.roles.filter((role) => role.name === 'pool');

function host(changes: Partial<Host> = {}): Host {
  const state = stateFolder(temporaryFolder());
  createFolders(state, []);
  return {
    state,
    roles: pool,
    run: async () => undefined,
    answers: async () => true,
    listeners: () => [],
    disk: () => ({ free: 100 * GIB, size: 200 * GIB }),
    now: () => NOW,
    ...changes,
  };
}

const said = (findings: readonly Finding[]) =>
  findings.map(({ level, words, remedy = '' }) => `${level}: ${words}; ${remedy}`).join('\n');

test('listening sockets are read from the kernel, and loopback is known in each of its forms', () => {
  const rows = [
    'sl local_address rem_address st',
    ' 0: 0100007F:1F90 00000000:0000 0A 0',
    ' 1: 00000000:85CE 00000000:0000 0A 0',
    ' 2: 0100007F:1F91 0100007F:85CE 01 0',
    ' 3: 00000000000000000000000001000000:480B 0:0 0A 0',
    ' 4: 0000000000000000FFFF00000100007F:480C 0:0 0A 0',
    ' 5: 00000000000000000000000000000000:0050 0:0 0A 0',
  ].join('\n');
  assert.deepEqual(parseListeners(rows), [
    { port: 8080, isLoopback: true },
    { port: 34254, isLoopback: false },
    { port: 18443, isLoopback: true },
    { port: 18444, isLoopback: true },
    { port: 80, isLoopback: false },
  ]);
});

test('a port that nothing answers at, one that is open and should not be, and one of somebody else are told apart', async () => {
  const well = await lookAtPorts(host({ listeners: () => [{ port: 34254, isLoopback: false }] }), new Map());
  assert.equal(said(well), "ok: 34254, pool's sv2-mining, answers; ");
  const silent = await lookAtPorts(host({ answers: async () => false }), new Map());
  assert.match(said(silent), /^bad: nothing answers at 34254/);
  const mint = table.roles.filter((role) => role.name === 'mint');
  const open = host({
    roles: mint,
    listeners: () => [
      { port: 3338, isLoopback: false },
      { port: 5000, isLoopback: false },
    ],
  });
  const findings = said(await lookAtPorts(open, new Map()));
  assert.match(
    findings,
    /bad: 3338, mint's cashu-http, is open to other machines; let it listen on 127\.0\.0\.1/,
  );
  assert.match(findings, /warn: 5000 is open to other machines/);
  assert.equal(findings.match(/3338/g)?.length, 1, 'said once');
});

test('units: what refuses its config, what is down, what comes and goes', async () => {
  const unit = (lines: string) => lookAtUnits(host({ run: async () => lines }));
  const show = (active: string, status: number, restarts: number) =>
    `LoadState=loaded\nActiveState=${active}\nExecMainStatus=${status}\nNRestarts=${restarts}\nStatusText=serving=miners`;
  assert.match(
    said(await unit(show('failed', 78, 0))),
    /bad: hashpool-pool refuses its config; journalctl -u hashpool-pool/,
  );
  assert.match(said(await unit(show('inactive', 0, 0))), /bad: hashpool-pool is inactive/);
  assert.match(
    said(await unit(show('active', 0, 3))),
    /warn: hashpool-pool was started again 3 times: serving=miners/,
  );
  assert.match(said(await unit(show('active', 0, 0))), /ok: hashpool-pool: serving=miners/);
  assert.deepEqual(await unit('LoadState=not-found'), [], 'a host without the units');
  assert.deepEqual(await lookAtUnits(host()), [], 'a host without systemd');
});

test('credentials: missing, readable, empty, unpublished', () => {
  const here = host();
  assert.match(said(lookAtCredentials(here, table)), /bad: .*mint-seed is not there; .*another identity/);
  for (const [name, { publishes }] of table.credentials) {
    writeFileSync(join(here.state.credentials, name), 'x\n', { mode: 0o600 });
    if (publishes !== undefined) writeFileSync(join(here.state.published, publishes), 'y\n');
  }
  assert.match(said(lookAtCredentials(here, table)), /^ok: \d+ keys are there/);
  chmodSync(join(here.state.credentials, 'mint-seed'), 0o640);
  writeFileSync(join(here.state.credentials, 'pool-id'), '\n');
  rmSync(join(here.state.published, 'pool-authority.pub'));
  const findings = said(lookAtCredentials(here, table));
  assert.match(findings, /bad: .*mint-seed can be read by others; chmod 600/);
  assert.match(findings, /bad: .*pool-id is empty/);
  assert.match(findings, /bad: .*pool-authority\.pub is not there, and peers read it/);
});

test('a config with a misspelt key is named', async () => {
  const here = host();
  writeFileSync(
    join(here.state.config, 'pool.config.toml'),
    'listen_adress = "0.0.0.0:1"\ncoinbase_reward_script = "x"\n',
  );
  assert.match(
    said(lookAtConfig(here, await roleSchemas())),
    /bad: .*listen_adress is not a key here; allowed: .*; correct it; pool does not start/,
  );
  writeFileSync(join(here.state.config, 'pool.config.toml'), 'coinbase_reward_script = "x"\n');
  assert.match(said(lookAtConfig(here, await roleSchemas())), /^ok: /);
});

test('job declaration: tokens that the pool does not take, another script, a translator that goes past it', () => {
  const here = { ...host(), roles: tableOfSides(readRolesTable(), ['server', 'client']).roles };
  const write = (file: string, lines: string) => writeFileSync(join(here.state.config, file), lines);
  writeFileSync(join(here.state.published, 'jd-server-token.pub'), '02ab\n');
  const look = (pool: string, port: number) => {
    write('pool.config.toml', `coinbase_reward_script = "a"\n${pool}`);
    write('jds.config.toml', 'coinbase_reward_script = "a"\n');
    write('jdc.config.toml', '');
    write('tproxy.config.toml', `[[upstreams]]\naddress = "127.0.0.1"\nport = ${port}\n`);
    return said(lookAtJobDeclaration(here));
  };
  assert.doesNotMatch(look('jd_token_keys = ["public:jd-server-token.pub"]', 34265), /bad|warn/);
  assert.match(
    look('', 34265),
    /bad: the pool does not take the tokens of the jd-server.*; jd_token_keys = /,
  );
  assert.match(look('jd_token_keys = ["02cd"]', 34265), /bad: the pool does not take the tokens/);
  assert.match(look('', 34254), /warn: the translator does not mine the jobs of the jd-client/);
  write('jds.config.toml', 'coinbase_reward_script = "b"\n');
  assert.match(said(lookAtJobDeclaration(here)), /bad: declared jobs pay another script/);
  rmSync(join(here.state.config, 'pool.config.toml'));
  assert.match(said(lookAtJobDeclaration(here)), /bad: ENOENT.*pool\.config\.toml/);
  assert.deepEqual(lookAtJobDeclaration(host()), [], 'a host without it');
});

test('disk: room, little room, none, and a disk that is away', () => {
  const free = (gib: number) =>
    said(lookAtDisk(host({ disk: () => ({ free: gib * GIB, size: 50 * GIB }) }), ['/x']));
  assert.match(free(20), /^ok: 20\.0 of 50\.0 GiB/);
  assert.match(free(3), /^warn: /);
  assert.match(free(0.5), /^bad: .*make room/);
  const away = host({
    disk: () => {
      throw new Error('ENOENT: no such file');
    },
  });
  assert.match(said(lookAtDisk(away, ['/mnt/journal'])), /^bad: \/mnt\/journal: ENOENT.*mount the disk/);
});

test('backups: none, old, new', () => {
  const here = host();
  assert.match(said(lookAtBackups(here)), /^warn: there is no backup/);
  mkdirSync(here.state.backups, { recursive: true });
  const note = join(here.state.backups, 'hashpool-1.tar.json');
  writeFileSync(note, '{}');
  utimesSync(note, NOW / 1000 - 72 * 3600, NOW / 1000 - 72 * 3600);
  assert.match(said(lookAtBackups(here)), /^warn: the newest backup is 72 hours old/);
  utimesSync(note, NOW / 1000 - 3600, NOW / 1000 - 3600);
  assert.match(said(lookAtBackups(here)), /^ok: the newest backup is 1 hours old/);
});

test('clock, firewall and versions, in words', async () => {
  assert.match(said(await lookAtClock(host({ run: async () => 'yes' }))), /^ok/);
  assert.match(said(await lookAtClock(host({ run: async () => 'no' }))), /^warn: it is not kept by NTP/);
  assert.match(said(await lookAtFirewall(host({ run: async () => 'policy drop;' }))), /^ok/);
  assert.match(
    said(await lookAtFirewall(host({ run: async () => '-P INPUT ACCEPT' }))),
    /^warn: it refuses nothing/,
  );
  assert.match(said(await lookAtFirewall(host())), /^warn: .*run this as root/);
  assert.match(said(lookAtVersions('1.0', 'v22.1.0', table)), /^bad: Node is v22/);
  assert.match(said(lookAtVersions('1.0', 'v24.1.0', table)), /^ok/);
  assert.match(said([judgeFit(310_100, 'sv2-tp version v1.1.1')]), /^ok/);
  assert.match(said([judgeFit(300_200, 'v1.1.1')]), /^bad: .*do not fit; take Bitcoin Core 31/);
  assert.match(said([judgeFit(310_000, 'v1.0.6')]), /^bad: .*do not fit; take sv2-tp 1\.1/);
});

const chain = { chain: 'testnet4', blocks: 9, headers: 9, time: NOW / 1000 - 600, verificationprogress: 1 };
const network = { version: 310_100, subversion: '/Satoshi:31.1.0/', connections: 8 };

const nodes: readonly [what: string, change: object, words: RegExp][] = [
  ['well', {}, /ok: on testnet4, at block 9/],
  ['on another chain', { chain: 'main' }, /bad: the node is on main, the appliance on testnet4/],
  [
    'catching up',
    { initialblockdownload: true, verificationprogress: 0.5 },
    /warn: the node catches up: block 9 of 9, 50\.0 %/,
  ],
  ['behind', { time: NOW / 1000 - 5 * 3600 }, /warn: the newest block, 9, is 5 hours old/],
  [
    'ahead of the clock',
    { time: NOW / 1000 + 9_000 },
    /bad: the newest block is 9000 s ahead of this machine's clock/,
  ],
  ['alone', { connections: 0 }, /bad: the node has no peers/],
  ['old', { version: 270_000, subversion: '/Satoshi:27.0.0/' }, /bad: the node is \/Satoshi:27/],
];

for (const [what, change, words] of nodes) {
  test(`a node that is ${what}`, async () => {
    const call = async (method: string) => ({
      ...(method === 'getblockchaininfo' ? chain : network),
      ...change,
    });
    const rpc = { url: 'http://127.0.0.1:48332', call, close: () => undefined };
    assert.match(said((await lookAtNode(rpc, 'testnet4', NOW)).findings), words);
  });
}

test('a node that does not answer, and one that knows another password', async () => {
  const failing = (code: 'rpc-unreachable' | 'rpc-unauthorized') => ({
    url: 'http://127.0.0.1:48332',
    call: async () => {
      throw new RpcError(code, `the node: ${code}`);
    },
    close: () => undefined,
  });
  assert.match(
    said((await lookAtNode(failing('rpc-unreachable'), 'testnet4', NOW)).findings),
    /systemctl status bitcoind/,
  );
  assert.match(
    said((await lookAtNode(failing('rpc-unauthorized'), 'testnet4', NOW)).findings),
    /has not read the password/,
  );
});
