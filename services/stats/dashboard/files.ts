import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { importsOf, toBrowserModule } from './browser-module.ts';

/** Whose dashboard it is. */
export type DashboardSide = 'pool' | 'proxy';

/** A file as it goes to the browser. */
export interface DashboardFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
}

export interface DashboardFiles {
  /** By path, as in `web/pool.ts` and `packages/preact.mjs`. */
  readonly files: ReadonlyMap<string, DashboardFile>;
  /** The modules among them, the entry first. */
  readonly modules: readonly string[];
  /** The paths that packages have, by the names under which modules import them. */
  readonly packages: ReadonlyMap<string, string>;
  /** Changes with any byte of any file. */
  readonly digest: string;
}

const web = new URL('../../../web/', import.meta.url);

/** The packages that browsers get: the file that each is, as its maintainers publish it. */
const browserPackages: Readonly<Record<string, string>> = {
  preact: 'preact',
  'preact/hooks': 'preact/hooks',
  uplot: 'uplot/dist/uPlot.esm.js',
  qr: 'qr',
};

/** In the order in which they apply. */
export const styleSheets = [
  'packages/uPlot.min.css',
  'web/style/tokens.css',
  'web/style/base.css',
  'web/style/layout.css',
  'web/style/card.css',
  'web/style/state.css',
  'web/style/figures.css',
  'web/style/rows.css',
  'web/style/life.css',
  'web/style/forms.css',
  'web/style/controls.css',
  'web/style/table.css',
  'web/style/print.css',
];
/** Runs before the page is drawn, and is no module. */
export const firstScript = 'web/first.ts';
export const iconFile = 'web/icon.svg';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const SCRIPT = 'text/javascript; charset=utf-8';

/** The path of a side's first module. */
export function entryOf(side: DashboardSide): string {
  return `web/${side}.ts`;
}

/**
 * Reads all that a side's dashboard needs: the modules that its entry leads to, with their types stripped, the
 * packages that they import, the styles.
 * @throws HashpoolError 'bad-dashboard' naming the file that can't be read or imports what browsers are not given
 */
export function readDashboard(side: DashboardSide): DashboardFiles {
  const files = new Map<string, DashboardFile>();
  const packages = new Map<string, string>();
  const modules: string[] = [];
  const add = (path: string, type: string, text: string): void => {
    const body = Buffer.from(text);
    files.set(path, { type, body, gzip: gzipSync(body, { level: 9 }) });
  };

  const waiting: { path: string; source: URL }[] = [];
  const want = (path: string, source: URL): void => {
    if (modules.includes(path)) return;
    modules.push(path);
    waiting.push({ path, source });
  };
  want(entryOf(side), webFile(entryOf(side)));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const code = readScript(next.path, next.source);
    add(next.path, SCRIPT, code);
    for (const specifier of importsOf(code)) {
      if (specifier.startsWith('.')) {
        const path = posix.join(posix.dirname(next.path), specifier);
        if (posix.dirname(path).split('/')[0] !== next.path.split('/')[0]) {
          throw new HashpoolError(
            'bad-dashboard',
            `${next.path} imports ${specifier}, which browsers don't get`,
          );
        }
        want(path, new URL(specifier, next.source));
        continue;
      }
      const source = packageFile(specifier, next.path);
      const path = `packages/${packageFileName(source)}`;
      packages.set(specifier, path);
      want(path, source);
    }
  }
  add(firstScript, SCRIPT, readScript(firstScript, webFile(firstScript)));
  for (const path of [...styleSheets, iconFile]) {
    const source = path.startsWith('web/')
      ? webFile(path)
      : new URL(import.meta.resolve('uplot/dist/uPlot.min.css'));
    add(path, types[extname(path)] ?? '', readText(path, source));
  }
  return { files, modules, packages, digest: digestOf(files) };
}

function webFile(path: string): URL {
  return new URL(path.slice('web/'.length), web);
}

function packageFile(specifier: string, importer: string): URL {
  const target = Object.hasOwn(browserPackages, specifier) ? browserPackages[specifier] : undefined;
  if (target !== undefined) return new URL(import.meta.resolve(target));
  const known = Object.keys(browserPackages).join(', ');
  throw new HashpoolError('bad-dashboard', `${importer} imports ${specifier}; browsers are given ${known}`);
}

/** `qr-index.js`: files of several packages have the same name. */
function packageFileName(source: URL): string {
  const path = source.pathname.split('/node_modules/').at(-1) ?? source.pathname;
  const [name, file] = [path.split('/')[0], path.split('/').at(-1)];
  return `${name}-${file}`;
}

function readScript(path: string, source: URL): string {
  const text = readText(path, source);
  // The maps that packages name are not served.
  if (!path.endsWith('.ts')) return text.replace(/^\/\/# sourceMappingURL=.*$/m, '');
  try {
    return toBrowserModule(text);
  } catch (cause) {
    throw new HashpoolError('bad-dashboard', `${path}: ${messageOf(cause)}`, { cause });
  }
}

function readText(path: string, source: URL): string {
  try {
    return readFileSync(source, 'utf8');
  } catch (cause) {
    throw new HashpoolError('bad-dashboard', `${path}: ${messageOf(cause)}`, { cause });
  }
}

function digestOf(files: ReadonlyMap<string, DashboardFile>): string {
  const hash = createHash('sha256');
  for (const [path, { body }] of files) hash.update(`${path}\0${body.length}\0`).update(body);
  return hash.digest('hex').slice(0, 16);
}
