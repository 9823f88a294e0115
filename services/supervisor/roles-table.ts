import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';

const closed = { additionalProperties: false };
const name = Type.String({ pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' });
const fileName = Type.String({ pattern: '^[a-z0-9-]+(/[a-z0-9-]+)?(\\.[a-z]+)+$' });
const names = Type.Array(name, { uniqueItems: true });

const portNumber = Type.Integer({ minimum: 1024, maximum: 65535 });

const portSchema = Type.Object(
  {
    name,
    number: portNumber,
    listen: Type.Union([Type.Literal('open'), Type.Literal('loopback')]),
    key: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]*$' })),
  },
  closed,
);

const credentialSchema = Type.Object(
  {
    kind: Type.Union([
      Type.Literal('authority-key'),
      Type.Literal('issuer-key'),
      Type.Literal('token-key'),
      Type.Literal('pool-id'),
      Type.Literal('seed'),
      Type.Literal('mnemonic'),
      Type.Literal('rpc-password'),
      Type.Literal('rpc-look'),
    ]),
    publishes: Type.Optional(fileName),
  },
  closed,
);

const roleSchema = Type.Object(
  {
    name,
    description: Type.String({ minLength: 1, maxLength: 80 }),
    side: Type.Union([Type.Literal('server'), Type.Literal('client')]),
    trial: Type.Optional(Type.Boolean()),
    feature: Type.Optional(Type.Literal('job-declaration')),
    command: Type.String({ minLength: 1 }),
    config: fileName,
    shared: Type.Optional(fileName),
    after: names,
    wants: names,
    ports: Type.Array(portSchema),
    credentials: names,
    reloads: Type.Optional(Type.Boolean()),
    hardening: Type.Union([Type.Literal('loopback'), Type.Literal('public'), Type.Literal('node')]),
    memory_mib: Type.Integer({ minimum: 64, maximum: 1_048_576 }),
    semi_space_mib: Type.Optional(Type.Integer({ minimum: 1, maximum: 1024 })),
  },
  closed,
);

/** What only the units of a server need of the table: nix/roles.nix checks what goes beyond its shape. */
const socketSchema = Type.Object({ owner: name, readers: names }, closed);
const frontSchema = Type.Object({ number: portNumber, upstream: Type.Optional(portNumber) }, closed);
const networkSchema = Type.Object({ rpc: portNumber }, closed);

const tableSchema = Type.Object(
  {
    network: Type.Optional(Type.Record(name, networkSchema)),
    socket: Type.Optional(Type.Record(name, socketSchema)),
    front: Type.Optional(Type.Record(name, frontSchema)),
    credential: Type.Record(name, credentialSchema),
    role: Type.Array(roleSchema, { minItems: 1 }),
  },
  closed,
);

export type Port = Static<typeof portSchema>;
export type Front = Static<typeof frontSchema>;
export type Credential = Static<typeof credentialSchema>;
export type Role = Static<typeof roleSchema>;

/** Roles in the order in which they start: each after all that it names in `after`. */
export interface RolesTable {
  readonly roles: readonly Role[];
  readonly credentials: ReadonlyMap<string, Credential>;
  /** Ports of nginx and Prometheus on a server. */
  readonly fronts: ReadonlyMap<string, Front>;
  /** The RPC port of the node on each network. */
  readonly rpcPorts: ReadonlyMap<string, number>;
}

/** What Node is told when it runs a role. */
export function nodeFlags({ semi_space_mib }: Role): string[] {
  return semi_space_mib === undefined ? [] : [`--max-semi-space-size=${semi_space_mib}`];
}

/** The table of this project, nix/roles.toml. */
export const rolesFile = new URL('../../nix/roles.toml', import.meta.url);

/**
 * Reads a table of roles.
 * @throws HashpoolError 'bad-roles-table' where the file can't be read or is not consistent
 */
export function readRolesTable(file: URL | string = rolesFile): RolesTable {
  try {
    return parseRolesTable(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new HashpoolError('bad-roles-table', `${fileLabel(file)}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Checks the text of a table: shape, references between roles and to credentials, ports used once, an order
 * that can be kept.
 * @throws HashpoolError 'bad-roles-table' naming the role and what is wrong
 */
export function parseRolesTable(toml: string): RolesTable {
  const value: unknown = parse(toml);
  if (!Value.Check(tableSchema, value)) {
    const errors = Value.Errors(tableSchema, value);
    const error = errors.at(-1);
    refuse(`${error?.instancePath || 'the table'} ${error?.message ?? 'has the wrong shape'}`);
  }
  const credentials = new Map(Object.entries(value.credential));
  checkNames(value.role, credentials);
  checkPorts(value.role, value.front ?? {});
  checkPublished(credentials);
  const rpcPorts = Object.entries(value.network ?? {}).map(([network, { rpc }]) => [network, rpc] as const);
  return {
    roles: inOrder(value.role),
    credentials,
    fronts: new Map(Object.entries(value.front ?? {})),
    rpcPorts: new Map(rpcPorts),
  };
}

function checkNames(roles: readonly Role[], credentials: ReadonlyMap<string, Credential>): void {
  const known = new Set<string>();
  for (const role of roles) {
    if (known.has(role.name)) refuse(`role ${role.name} stands twice`);
    known.add(role.name);
  }
  for (const role of roles) {
    for (const key of ['after', 'wants'] as const) {
      const stranger = role[key].find((other) => !known.has(other));
      if (stranger !== undefined) refuse(`${role.name}: ${key} names ${stranger}, which is no role`);
    }
    const unordered = role.wants.find((other) => !role.after.includes(other));
    if (unordered !== undefined) refuse(`${role.name}: wants ${unordered} and is not ordered after it`);
    const missing = role.credentials.find((credential) => !credentials.has(credential));
    if (missing !== undefined) refuse(`${role.name}: credential ${missing} is not in the table`);
  }
}

function checkPorts(roles: readonly Role[], fronts: Readonly<Record<string, Front>>): void {
  const owners = new Map(Object.entries(fronts).map(([front, { number }]) => [number, `front ${front}`]));
  for (const role of roles) {
    for (const port of role.ports) {
      const other = owners.get(port.number);
      if (other !== undefined) refuse(`${role.name}: port ${port.number} is taken by ${other}`);
      owners.set(port.number, role.name);
      if (port.listen === 'open' && role.hardening === 'loopback') {
        refuse(`${role.name}: port ${port.number} is open, and its hardening lets no client in`);
      }
    }
  }
}

function checkPublished(credentials: ReadonlyMap<string, Credential>): void {
  const seen = new Set<string>();
  for (const [credential, { publishes }] of credentials) {
    if (publishes === undefined) continue;
    if (seen.has(publishes)) refuse(`credential ${credential}: ${publishes} is published twice`);
    seen.add(publishes);
  }
}

/** The roles with each behind all that it waits for, and otherwise as they stand. */
function inOrder(roles: readonly Role[]): Role[] {
  const ordered: Role[] = [];
  const placed = new Set<string>();
  while (ordered.length < roles.length) {
    const next = roles.find(
      (role) => !placed.has(role.name) && role.after.every((other) => placed.has(other)),
    );
    if (next === undefined) {
      const stuck = roles.filter((role) => !placed.has(role.name)).map((role) => role.name);
      return refuse(`roles wait for each other in a circle: ${stuck.join(', ')}`);
    }
    ordered.push(next);
    placed.add(next.name);
  }
  return ordered;
}

function refuse(trouble: string): never {
  throw new HashpoolError('bad-roles-table', trouble);
}

function fileLabel(file: URL | string): string {
  return (typeof file === 'string' ? file : file.pathname).split('/').slice(-2).join('/');
}
