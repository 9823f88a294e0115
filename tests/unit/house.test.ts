import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** The project's files, those about to be tracked among them. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: project,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(project, file)));
const sources = files.filter((file) => file.endsWith('.ts'));
const text = (file: string): string => readFileSync(join(project, file), 'utf8');

/** From the top down: each layer may use those that stand behind it, and itself. */
const layers = ['roles', 'services', 'runtime', 'domain', 'protocols'];

/** Node's modules that touch the world; the pure layers take what these give as arguments. */
const worldly = new Set(
  'child_process cluster dgram dns fs fs/promises http http2 https net os process readline sqlite timers timers/promises tls worker_threads'
    .split(' ')
    .map((name) => `node:${name}`),
);

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The imported file's path in the project; undefined for a package or a module of Node. */
  readonly to: string | undefined;
  /** Nothing of it is there when the program runs. */
  readonly isTypes: boolean;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|new URL\(\s*'(\.[^']+\.ts)'/g;

function importsOf(file: string): Import[] {
  return [...text(file).matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    return {
      from: file,
      specifier,
      to: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : undefined,
      isTypes: /^\s*(?:import|export) type\s/.test(match[0]),
    };
  });
}

const imports = sources.flatMap(importsOf);
const top = (path: string): string => path.split('/')[0] ?? '';
const show = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

/** Whether the layers let the one file use the other. */
function isAllowed({ from, to }: Import): boolean {
  const [source, target] = [top(from), top(to ?? from)];
  if (source === 'tests' || source === 'scripts') return true;
  // The version stands there and nowhere else.
  if (to === 'package.json') return source !== 'protocols' && source !== 'domain';
  // Browsers get web/ and nothing else of the project: what they take from the schemas are types.
  if (source === 'web') return target === 'web' || !to || to.startsWith('services/stats/api/schemas/');
  if (source === 'commands') return target !== 'tests' && target !== 'scripts';
  if (source === 'roles' && target === 'roles')
    return from.split('/')[1] === to?.split('/')[1] || to === undefined;
  const position = layers.indexOf(source);
  return position < 0 || source === target || layers.slice(position + 1).includes(target);
}

test('imports point one way: roles, commands -> services -> runtime -> domain -> protocols; no role imports another', () => {
  assert.deepEqual(imports.filter((each) => !isAllowed(each)).map(show), []);
});

test('the rule on imports tells right from wrong', () => {
  const judge = (from: string, to: string): boolean => isAllowed({ from, specifier: to, to, isTypes: false });
  assert.ok(judge('roles/pool/main.ts', 'services/mining-server/server.ts'));
  assert.ok(judge('roles/pool/main.ts', 'roles/pool/start.ts'));
  assert.ok(judge('commands/audit.ts', 'roles/mint/books.ts'));
  assert.ok(judge('tests/unit/x.test.ts', 'roles/mint/books.ts'));
  assert.ok(!judge('roles/pool/main.ts', 'roles/mint/books.ts'));
  assert.ok(!judge('services/wallet/wallet.ts', 'roles/mint/books.ts'));
  assert.ok(!judge('runtime/logs.ts', 'services/wallet/wallet.ts'));
  assert.ok(!judge('protocols/bytes.ts', 'domain/jobs/job.ts'));
  assert.ok(!judge('commands/start.ts', 'tests/harness/appliance.ts'));
  assert.ok(judge('web/pool.ts', 'web/route.ts'));
  assert.ok(judge('web/pages/miner.ts', 'services/stats/api/schemas/miners.ts'));
  assert.ok(!judge('web/pages/miner.ts', 'services/stats/live/workers.ts'));
  assert.ok(!judge('services/stats/service.ts', 'web/pool.ts'));
  assert.ok(judge('roles/mint/start.ts', 'package.json'));
  assert.ok(!judge('domain/jobs/job.ts', 'package.json'));
  assert.ok(imports.length > 300, 'the pattern finds the imports');
});

test('protocols and domain touch nothing of the world', () => {
  const pure = imports.filter(({ from }) => top(from) === 'protocols' || top(from) === 'domain');
  assert.deepEqual(pure.filter(({ specifier }) => worldly.has(specifier)).map(show), []);
  const clocks = sources
    .filter((file) => top(file) === 'protocols' || top(file) === 'domain')
    .filter((file) =>
      /\b(Date\.now|performance\.now|Math\.random|randomBytes\(|randomUUID|getRandomValues|setTimeout|setInterval|process\.(env|hrtime))\b/.test(
        text(file),
      ),
    );
  assert.deepEqual(clocks, []);
});

/** What a module has loaded before it does anything: itself, what it imports, and what that does. */
function loadedBy(entry: string): Import[] {
  const loaded: Import[] = [];
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const each of importsOf(file).filter(({ isTypes }) => !isTypes)) {
      loaded.push(each);
      if (each.to) seen.add(each.to);
    }
  }
  return loaded;
}

/** Modules that a thread is started with are named like this and in no other way. */
const threadPattern = /\bmodule(?: =|:) new URL\((?:'(\.[^']+)', )?import\.meta\.url\)/g;

test('threads start without the library of schemas, which takes longer to load than all the rest of them', () => {
  const threads = sources
    .filter((file) => !['tests', 'scripts'].includes(top(file)))
    .flatMap((file) =>
      [...text(file).matchAll(threadPattern)].map(([, path]) =>
        path ? normalize(join(dirname(file), path)) : file,
      ),
    );
  assert.ok(threads.length > 15, 'the pattern finds the threads');
  const slow = threads.flatMap((thread) =>
    loadedBy(thread)
      .filter(({ specifier }) => specifier.startsWith('typebox'))
      .map((each) => `${thread}: ${show(each)}`),
  );
  assert.deepEqual(slow, []);
});

const lines = (file: string): number => text(file).split('\n').length - 1;

test('no file is longer than 400 lines, no entrypoint of a role longer than 40', () => {
  const long = sources.filter((file) => lines(file) > (/^roles\/[^/]+\/main\.ts$/.test(file) ? 40 : 400));
  assert.deepEqual(
    long.map((file) => `${file}: ${lines(file)}`),
    [],
  );
});

test('the README fits in 150 lines', () => {
  assert.ok(lines('README.md') <= 150);
});

const looseEnds: readonly [what: string, pattern: RegExp][] = [
  ['a note to do later', /\b(TODO|FIXME|XXX)\b/],
  ['any', /(:\s*any\s*([;,)=|&>{}\]]|$)|<any[,>]|\bas any\b|\bany\[\])/],
  ['a double assertion', /\bas unknown as\b/],
  ['a silenced check', /@ts-(ignore|expect-error|nocheck)|biome-ignore|eslint-disable/],
  ['a skipped or lonely test', /\b(test|it|describe)\.(skip|todo|only)\(|\bskip:\s*true/],
  ['a silent catch', /catch\s*(\([^)]*\))?\s*\{\s*\}/],
];

for (const [what, pattern] of looseEnds) {
  test(`no source has ${what}`, () => {
    const guilty = sources
      .filter((file) => file !== 'tests/unit/house.test.ts')
      .flatMap((file) =>
        text(file)
          .split('\n')
          .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
      );
    assert.deepEqual(guilty, []);
  });
}

test('no file names a path of one machine or a registry', () => {
  const pattern = /(?<![\w.])\/(work|home|root|Users)\/[a-z]|registry\.npmjs|"resolved":/;
  const guilty = files
    .filter((file) => /\.(ts|toml|md|json|sh|conf|c|nix)$/.test(file) || file === '.ci/run')
    .filter((file) => file !== 'tests/unit/house.test.ts' && pattern.test(text(file)));
  assert.deepEqual(guilty, []);
});

test('every entrypoint that a script of package.json names is there', () => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  const entries = Object.values(scripts).flatMap(
    (script) => script.match(/\b(commands|tests|scripts)\/[\w/-]+\.ts/g) ?? [],
  );
  assert.ok(entries.length > 5);
  assert.deepEqual(
    entries.filter((entry) => !sources.includes(entry)),
    [],
  );
});
