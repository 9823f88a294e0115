import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { prepareAppliance } from '../../../../services/supervisor/appliance.ts';
import { readRolesTable } from '../../../../services/supervisor/roles-table.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const source = new URL('../../../../config/regtest/', import.meta.url);
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(toml|conf)$/.test(file),
);

const { roles } = readRolesTable();
/** Config files of what does not always run. */
const ofFeatures = roles.flatMap(({ feature, config }) => (feature === undefined ? [] : [config]));
/** Roles whose config job declaration changes. */
const changes = parse(readFileSync(new URL('../job-declaration.toml', source), 'utf8'));
const isChanged = (file: string) => roles.some(({ name, config }) => config === file && name in changes);

test('without a port base the roles get the config word for word', async (t) => {
  const state = join(temporaryFolder(), 'state');
  const appliance = await prepareAppliance({ state });
  t.after(appliance.release);
  for (const file of files.filter((each) => !ofFeatures.includes(each))) {
    const effective = readFileSync(join(appliance.state.config, file), 'utf8');
    assert.equal(effective, readFileSync(new URL(file, source), 'utf8'), file);
  }
});

test('job declaration brings its roles, and changes what others read of it, and nothing else', async () => {
  const state = join(temporaryFolder(), 'state');
  const without = await prepareAppliance({ state });
  const names = without.plans.map(({ name }) => name);
  without.release();
  assert.deepEqual(
    ['jd-server', 'jd-client'].filter((name) => names.includes(name)),
    [],
  );
  const appliance = await prepareAppliance({ state, jobDeclaration: true });
  appliance.release();
  assert.ok(appliance.plans.some(({ name }) => name === 'jd-server'));
  assert.ok(appliance.plans.some(({ name }) => name === 'jd-client'));
  const read = (folder: string, file: string) =>
    JSON.parse(JSON.stringify(parse(readFileSync(join(folder, file), 'utf8')))) as object;
  const changed = (file: string, keys: object) =>
    assert.deepEqual(read(appliance.state.config, file), { ...read(source.pathname, file), ...keys });
  changed('pool.config.toml', { jd_token_keys: ['public:jd-server-token.pub'] });
  const client = { address: '127.0.0.1', port: 34265, authority_pubkey: 'public:jd-client-authority.pub' };
  changed('tproxy.config.toml', { upstreams: [client] });
  assert.match(readFileSync(join(state, 'public/jd-server-token.pub'), 'utf8'), /^0[23][0-9a-f]{64}\n$/);
  (await prepareAppliance({ state })).release();
  assert.ok(!existsSync(join(state, 'config/jds.config.toml')), 'what does not run has no config here');
});

test('with a port base every port of the table moves, and nothing else does', async (t) => {
  const state = join(temporaryFolder(), 'state');
  const appliance = await prepareAppliance({ state, portBase: 27_310, jobDeclaration: true });
  t.after(appliance.release);
  const numbers = new Map(appliance.ports.map((port) => [port.number, port.standard]));
  const moved = new Set<number>();
  const back = (text: string): string =>
    text.replace(/\b2\d{4}\b/g, (number) => {
      const standard = numbers.get(Number(number));
      if (standard === undefined) return number;
      moved.add(Number(number));
      return String(standard);
    });
  for (const file of files.filter((each) => each.endsWith('.toml'))) {
    const effective = readFileSync(join(appliance.state.config, file), 'utf8');
    const inPlace = back(effective);
    if (!isChanged(file))
      assert.deepEqual(parse(inPlace), parse(readFileSync(new URL(file, source), 'utf8')), file);
    for (const port of appliance.ports) {
      assert.doesNotMatch(effective.replaceAll(/^\s*#.*$/gm, ''), new RegExp(`\\b${port.standard}\\b`), file);
    }
  }
  assert.deepEqual(
    [...moved].sort(),
    appliance.ports.filter((port) => port.key === undefined).map((port) => port.number),
    'each stands in some file',
  );
});

test('a role gets its config, its side, its folders and the credentials of the table', async (t) => {
  const state = join(temporaryFolder(), 'state');
  const appliance = await prepareAppliance({ state, debug: true });
  t.after(appliance.release);
  const pool = appliance.plans.find((plan) => plan.name === 'pool');
  assert.ok(pool);
  assert.match(pool.entry, /\/roles\/pool\/main\.ts$/);
  const config = join(state, 'config');
  assert.deepEqual(pool.arguments, [
    '-c',
    join(config, 'pool.config.toml'),
    '-g',
    join(config, 'shared/pool.toml'),
    '--debug',
  ]);
  assert.equal(pool.environment['STATE_DIRECTORY'], join(state, 'pool'));
  assert.deepEqual(readdirSync(pool.environment['CREDENTIALS_DIRECTORY'] ?? ''), [
    'pool-authority',
    'pool-issuer',
  ]);
  assert.deepEqual(pool.after, ['template-provider', 'mint']);
});

test("a fresh start empties what is the appliance's and leaves what is not", async () => {
  const state = join(temporaryFolder(), 'state');
  (await prepareAppliance({ state })).release();
  const seed = readFileSync(join(state, 'credentials', 'mint-seed'), 'utf8');
  writeFileSync(join(state, 'mint', 'mint.sqlite'), 'old');
  writeFileSync(join(state, 'notes.txt'), 'mine');
  (await prepareAppliance({ state })).release();
  assert.equal(readFileSync(join(state, 'credentials', 'mint-seed'), 'utf8'), seed);
  (await prepareAppliance({ state, fresh: true })).release();
  assert.ok(!existsSync(join(state, 'mint', 'mint.sqlite')));
  assert.notEqual(readFileSync(join(state, 'credentials', 'mint-seed'), 'utf8'), seed);
  assert.equal(readFileSync(join(state, 'notes.txt'), 'utf8'), 'mine');
});

test("a folder that is somebody else's is neither filled nor emptied", async () => {
  const state = temporaryFolder();
  mkdirSync(join(state, 'config'));
  await assert.rejects(prepareAppliance({ state, fresh: true }), { code: 'not-a-state-folder' });
  assert.deepEqual(readdirSync(state), ['config']);
});

test('a folder in use is refused, and a failed start lets go of it', async () => {
  const state = join(temporaryFolder(), 'state');
  const appliance = await prepareAppliance({ state });
  await assert.rejects(prepareAppliance({ state }), { code: 'state-in-use' });
  appliance.release();
  await assert.rejects(prepareAppliance({ state, config: join(state, 'none') }), {
    code: 'no-config',
    message: /bitcoin\.conf is not there/,
  });
  (await prepareAppliance({ state })).release();
});
