import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { Value } from 'typebox/value';
import { roleSchemas } from '../commands/appliance/role-schemas.ts';
import { readRolesTable } from '../services/supervisor/roles-table.ts';
import { tryNix } from '../tests/harness/nix.ts';

const usage = `npm run nix:evaluate -- NIXPKGS: evaluates the hosts and what is refused, with nixpkgs' own library

NIXPKGS is the folder of a nixpkgs, or of its lib alone. NixOS's own modules are stubs here; \`nix flake check --no-build\`
evaluates with them, where Nix may fetch.`;

interface Evaluated {
  readonly etc: Readonly<Record<string, string>>;
  readonly failed: readonly string[];
  readonly ports: readonly number[];
  readonly reserved: string;
  readonly units: readonly string[];
  readonly virtualHosts: readonly string[];
  readonly bitcoind: { readonly ExecStart?: string };
  readonly provider: { readonly ExecStart?: string };
  readonly translator: { readonly ExecReload?: string; readonly SupplementaryGroups?: readonly string[] };
}

const pool = 'services.hashpool.server = { enable = true; coinbaseScript = "addr(tb1qexample)"; };';
const client = 'services.hashpool.client.enable = true;';

/** Hosts that are evaluated, and what must come of them. */
const hosts: readonly [what: string, host: string, look: (host: Evaluated) => void][] = [
  [
    'hosts/poc.nix: testnet4, sv2-tp, 80, 443 and 34255 open',
    './hosts/poc.nix',
    ({ ports, reserved, bitcoind, provider, failed, virtualHosts }) => {
      assert.deepEqual(failed, []);
      assert.deepEqual(ports, [80, 443, 34255]);
      assert.ok(['48332', '34254', '34255', '34260'].every((number) => reserved.split(',').includes(number)));
      assert.match(bitcoind.ExecStart ?? '', /bitcoin-node .*-rpcport=48332 .*-ipcbind=unix/);
      assert.match(provider.ExecStart ?? '', /-sv2port=8442/);
      assert.deepEqual(virtualHosts, ['hashpool-client', 'hashpool-server']);
    },
  ],
  [
    'hosts/regtest.nix: any bitcoind, our own template provider',
    './hosts/regtest.nix',
    ({ ports, bitcoind, provider }) => {
      assert.deepEqual(ports, [34255]);
      assert.doesNotMatch(bitcoind.ExecStart ?? '', /ipcbind/);
      assert.match(provider.ExecStart ?? '', /roles\/template-provider\/main\.ts/);
    },
  ],
  [
    'both sides on mainnet',
    `{ ${pool} ${client} services.hashpool.network = "mainnet"; }`,
    ({ bitcoind, etc, failed }) => {
      assert.deepEqual(failed, []);
      assert.match(bitcoind.ExecStart ?? '', /-rpcport=8332/);
      assert.doesNotMatch(etc['hashpool/bitcoin.conf'] ?? '', /testnet4|regtest/);
      assert.match(etc['hashpool/mint.config.toml'] ?? '', /minimum_difficulty = 24/);
      assert.match(etc['hashpool/shared/pool.toml'] ?? '', /network = "mainnet"/);
    },
  ],
  [
    'a server alone, open to translators elsewhere, its mint public',
    `{ ${pool} services.hashpool.server = { openFirewall = true; publicMint = true; hostName = "mint.example.org"; }; }`,
    ({ ports, units, etc, virtualHosts, failed }) => {
      assert.deepEqual(failed, []);
      const open = readRolesTable().roles.filter(
        ({ side, feature }) => side === 'server' && feature === undefined,
      );
      const numbers = open.flatMap((role) =>
        role.ports.filter(({ listen }) => listen === 'open').map(({ number }) => number),
      );
      assert.deepEqual(
        ports,
        [80, 443, ...numbers].toSorted((a, b) => a - b),
      );
      assert.ok(!units.includes('hashpool-translator'));
      assert.match(etc['hashpool/mint.config.toml'] ?? '', /url = "http:\/\/mint\.example\.org"/);
      assert.ok(virtualHosts.includes('mint.example.org'));
    },
  ],
  [
    'a client alone, with a pool elsewhere',
    `{ ${client} services.hashpool.client.pool = { address = "pool.example.org"; authorityKey = "9abc"; mintUrl = "https://mint.example.org"; }; }`,
    ({ ports, units, etc, failed }) => {
      assert.deepEqual(failed, []);
      assert.deepEqual(ports, [34255]);
      assert.ok(!units.some((unit) => /bitcoind|pool$|mint/.test(unit)));
      assert.match(
        etc['hashpool/tproxy.config.toml'] ?? '',
        /address = "pool\.example\.org", authority_pubkey = "9abc"/,
      );
      assert.match(etc['hashpool/shared/miner.toml'] ?? '', /https:\/\/mint\.example\.org/);
    },
  ],
  [
    'both sides with job declaration: the translator mines at the jd-client, the pool knows the key of the jd-server',
    `{ ${pool} ${client} services.hashpool.server = { openFirewall = true; jobDeclaration.enable = true; };
       services.hashpool.client.jobDeclaration = { enable = true; coinbaseScript = "addr(tb1qown)"; }; }`,
    ({ ports, units, etc, failed }) => {
      assert.deepEqual(failed, []);
      assert.deepEqual(ports, [34254, 34255, 34256]);
      assert.ok(units.includes('hashpool-jd-server') && units.includes('hashpool-jd-client'));
      assert.match(
        etc['hashpool/pool.config.toml'] ?? '',
        /jd_token_keys = \["public:jd-server-token\.pub"\]/,
      );
      assert.match(etc['hashpool/jds.config.toml'] ?? '', /coinbase_reward_script = "addr\(tb1qexample\)"/);
      assert.match(etc['hashpool/tproxy.config.toml'] ?? '', /upstreams = \[\{[^}]*port = 34265[^}]*\}\]/);
      const declaring = etc['hashpool/jdc.config.toml'] ?? '';
      assert.match(declaring, /coinbase_reward_script = "addr\(tb1qown\)"/);
      assert.match(declaring, /jds_authority_pubkey = "public:jd-server-authority\.pub"/);
    },
  ],
  [
    'a client with a certificate and further ports: those are open, and the unit is reloaded when it is renewed',
    `{ ${client} services.hashpool.client.pool = { address = "pool.example.org"; authorityKey = "9abc"; };
       services.hashpool.client.tls = { certificate = "/acme/full.pem"; key = "/acme/key.pem"; group = "acme"; };
       services.hashpool.settings.translator.downstream_listeners = [ { port = 34257; tls = true; } ]; }`,
    ({ ports, reserved, etc, translator, failed }) => {
      assert.deepEqual(failed, []);
      assert.deepEqual(ports, [34255, 34257, 34259]);
      assert.match(reserved, /34255,34259.*34257/);
      const tls = parse(etc['hashpool/tproxy.config.toml'] ?? '')['downstream_tls'];
      assert.deepEqual(
        { ...Object(tls) },
        { certificate: 'file:/acme/full.pem', key: 'file:/acme/key.pem', port: 34259 },
      );
      assert.ok(translator.SupplementaryGroups?.includes('acme'));
      assert.match(translator.ExecReload ?? '', /kill -HUP \$MAINPID/);
    },
  ],
  [
    'a pool in front of an ordinary one: nothing waits for a template provider',
    `{ ${pool} services.hashpool.settings.pool = { tp_address = null; coinbase_reward_script = null; sv1_upstream = [ { address = "pool.example.org"; port = 3333; user = "me"; } ]; }; }`,
    ({ units, etc, failed }) => {
      assert.deepEqual(failed, []);
      assert.doesNotMatch(etc['hashpool/pool.config.toml'] ?? '', /tp_address|coinbase_reward_script/);
      assert.ok(units.includes('hashpool-pool') && !units.includes('hashpool-template-provider'));
    },
  ],
  [
    'a client with job declaration, its pool and its node on other machines',
    `{ ${client} services.hashpool.client = { pool = { address = "pool.example.org"; authorityKey = "9abc"; };
       jobDeclaration = { enable = true; coinbaseScript = "addr(tb1qown)"; serverAuthorityKey = "9abd";
         templateProvider = { address = "10.0.0.7:8442"; authorityKey = "9abe"; }; }; }; }`,
    ({ ports, units, etc, failed }) => {
      assert.deepEqual(failed, []);
      assert.deepEqual(ports, [34255]);
      assert.ok(units.includes('hashpool-jd-client') && !units.includes('hashpool-jd-server'));
      const declaring = etc['hashpool/jdc.config.toml'] ?? '';
      assert.match(declaring, /tp_address = "10\.0\.0\.7:8442"/);
      assert.match(declaring, /jds_address = "pool\.example\.org", jds_authority_pubkey = "9abd"/);
      assert.match(etc['hashpool/tproxy.config.toml'] ?? '', /upstreams = \[\{[^}]*port = 34265[^}]*\}\]/);
    },
  ],
  [
    "a node of nixpkgs' own module",
    `{ ${pool} services.hashpool.node.kind = "nixpkgs"; }`,
    ({ units, provider }) => {
      assert.ok(units.includes('bitcoind-hashpool') && !units.includes('bitcoind'));
      assert.match(provider.ExecStart ?? '', /roles\/template-provider/);
    },
  ],
];

/** Hosts that are refused, by an assertion or by a type, and the words. */
const refused: readonly [what: string, host: string, words: RegExp][] = [
  [
    'a server without a script',
    '{ services.hashpool.server.enable = true; }',
    /coinbaseScript is not set: name the descriptor|coinbase_reward_script/,
  ],
  [
    'a client that does not know its pool',
    `{ ${client} services.hashpool.client.pool.address = "pool.example.org"; }`,
    /authorityKey is not set/,
  ],
  [
    'a client without a pool',
    `{ ${client} services.hashpool.client.pool.authorityKey = "9abc"; }`,
    /pool\.address is 127\.0\.0\.1, and the server side is not on this host/,
  ],
  [
    'a public mint without a name',
    `{ ${pool} services.hashpool.server.publicMint = true; }`,
    /publicMint needs services\.hashpool\.server\.hostName/,
  ],
  [
    'a jd-client that does not know its jd-server',
    `{ ${pool} ${client} services.hashpool.client.jobDeclaration = { enable = true; coinbaseScript = "addr(tb1qown)"; }; }`,
    /jobDeclaration\.serverAuthorityKey is not set/,
  ],
  [
    'a jd-client without a node',
    `{ ${client} services.hashpool.client = { pool = { address = "pool.example.org"; authorityKey = "9abc"; };
       jobDeclaration = { enable = true; coinbaseScript = "addr(tb1qown)"; serverAuthorityKey = "9abd"; }; }; }`,
    /jobDeclaration\.templateProvider\.authorityKey is not set|tp_authority_public_key/,
  ],
  [
    'a misspelt key',
    `{ ${pool} services.hashpool.settings.pool.listen_adress = "0.0.0.0:1"; }`,
    /settings\.pool\.listen_adress' does not exist/,
  ],
  [
    'a value out of range',
    `{ ${pool} services.hashpool.settings.pool.shares_per_minute = 0; }`,
    /shares_per_minute' is not of type/,
  ],
  [
    'a secret as a literal',
    `{ ${pool} services.hashpool.settings.pool.authority_secret_key = "7qbpUjScc865jyX2kiB4NVJANoC7GA7TAJupdzXWkc62"; }`,
    /authority_secret_key' is not of type/,
  ],
  [
    'a network that there is not',
    `{ ${pool} services.hashpool.network = "testnet3"; }`,
    /network' is not of type/,
  ],
];

async function main([nixpkgs]: readonly string[]): Promise<number> {
  if (nixpkgs === undefined || nixpkgs.startsWith('-')) {
    process.stdout.write(`${usage}\n`);
    return nixpkgs === '--help' ? 0 : 64;
  }
  const work = mkdtempSync(join(tmpdir(), 'hashpool-hosts-'));
  const evaluate = (host: string) => {
    const file = join(work, 'host.nix');
    if (!host.startsWith('./')) writeFileSync(file, host);
    const path = host.startsWith('./') ? host : file;
    return tryNix(`import ./tests/nixos/evaluate.nix { nixpkgs = ${resolve(nixpkgs)}; host = ${path}; }`);
  };
  try {
    for (const [what, host, look] of hosts) {
      const { value, error } = evaluate(host);
      assert.equal(error, undefined, what);
      look(value as Evaluated);
      await checkConfigs((value as Evaluated).etc);
      process.stdout.write(`ok       ${what}\n`);
    }
    for (const [what, host, words] of refused) {
      const { value, error } = evaluate(host);
      assert.match(error ?? (value as Evaluated).failed.join('\n'), words, what);
      process.stdout.write(`refused  ${what}\n`);
    }
    return 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What stands in /etc/hashpool is what the roles take. */
async function checkConfigs(etc: Readonly<Record<string, string>>): Promise<void> {
  const schemas = await roleSchemas();
  for (const role of readRolesTable().roles) {
    const schema = schemas.get(role.name);
    const text = etc[`hashpool/${role.config}`];
    if (schema === undefined || text === undefined) continue;
    const config = Value.Default(schema, parse(text));
    assert.deepEqual(
      [...Value.Errors(schema, config)].map(({ instancePath, message }) => `${instancePath} ${message}`),
      [],
      role.config,
    );
  }
}

process.exit(await main(process.argv.slice(2)));
