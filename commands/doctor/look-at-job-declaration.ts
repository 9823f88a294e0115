import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, type TomlTable } from 'smol-toml';
import { messageOf } from '../../protocols/errors.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { readReference } from '../../runtime/config/references.ts';
import { bad, type Finding, ok, warn } from './finding.ts';
import type { Host } from './host.ts';

const ABOUT = 'declaring';
const TOKEN_KEY = 'jd-server-token.pub';
/** Its address where its config names none. */
const JD_CLIENT = '127.0.0.1:34265';

/**
 * Whether the parts of job declaration that this host runs fit each other; nothing where it runs none.
 * What a config file says that can't be read is said of the config.
 */
export function lookAtJobDeclaration(host: Host): Finding[] {
  const has = (name: string) => host.roles.some((role) => role.name === name);
  try {
    return [
      ...(has('jd-server') && has('pool') ? [tokensFit(host), scriptsFit(host)] : []),
      ...(has('jd-client') && has('translator') ? [translatorFits(host)] : []),
    ];
  } catch (error) {
    return [bad(ABOUT, messageOf(error), 'correct the file that it names')];
  }
}

function tokensFit({ state, roles }: Host): Finding {
  const own = join(state.published, TOKEN_KEY);
  const folders = { state: state.root, credentials: state.credentials, published: state.published };
  const { jd_token_keys = [] } = configOf({ state, roles }, 'pool');
  const keys = Array.isArray(jd_token_keys) ? jd_token_keys : [];
  const taken = keys.map((key) => readReference(folders, String(key)));
  if (existsSync(own) && taken.includes(readFileSync(own, 'utf8').trim()))
    return ok(ABOUT, 'the pool takes the tokens of the jd-server');
  return bad(
    ABOUT,
    'the pool does not take the tokens of the jd-server: each job is refused',
    `jd_token_keys = ["public:${TOKEN_KEY}"] in pool.config.toml`,
  );
}

function scriptsFit(host: Pick<Host, 'state' | 'roles'>): Finding {
  const [pool, jdServer] = ['pool', 'jd-server'].map(
    (role) => configOf(host, role)['coinbase_reward_script'],
  );
  if (pool === jdServer) return ok(ABOUT, 'declared jobs pay the script that the pool wants');
  return bad(
    ABOUT,
    'declared jobs pay another script than the pool wants: each is refused',
    'the same coinbase_reward_script in jds.config.toml and pool.config.toml',
  );
}

function translatorFits(host: Pick<Host, 'state' | 'roles'>): Finding {
  const { listening_address = JD_CLIENT } = configOf(host, 'jd-client');
  const { port } = hostAndPort(String(listening_address));
  const { upstreams } = configOf(host, 'translator');
  const [first] = Array.isArray(upstreams) ? upstreams : [];
  if (typeof first === 'object' && 'port' in first && first.port === port)
    return ok(ABOUT, 'the translator mines the jobs of the jd-client');
  return warn(
    ABOUT,
    'the translator does not mine the jobs of the jd-client',
    `127.0.0.1, port ${port}, as the first of [[upstreams]] in tproxy.config.toml`,
  );
}

function configOf({ state, roles }: Pick<Host, 'state' | 'roles'>, name: string): TomlTable {
  const file = roles.find((role) => role.name === name)?.config ?? name;
  return parse(readFileSync(join(state.config, file), 'utf8'));
}
