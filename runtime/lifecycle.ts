import type { Static, TSchema } from 'typebox';
import { messageOf } from '../protocols/errors.ts';
import { roleArguments } from './arguments.ts';
import { ConfigError, loadConfig } from './config/load.ts';
import { type RoleFolders, readReference, roleFolders, statePath } from './config/references.ts';
import { createLog, type Logger } from './logs.ts';
import { createNotifier, type Figures, type Notifier } from './notify.ts';
import { Watch } from './watch.ts';

/** Exit codes of a role, after sysexits(3). */
export const EXIT = { ok: 0, software: 70, config: 78 } as const;

/** A part that does not close within this time is left behind, and said so. */
const CLOSE_DEADLINE_MS = 4_000;

/** Something that a role opens. */
export interface Part {
  readonly died?: Promise<Error>;
  close(): unknown;
}

export interface RoleContext<C, S> {
  readonly config: C;
  readonly shared: S;
  /** The role's config as its file has it now. @throws ConfigError as at the start */
  reread(): C;
  readonly log: Logger;
  /** Aborted when the role begins to stop. */
  readonly stopping: AbortSignal;
  /**
   * A named step of the start; what it opens is closed in reverse order at the stop. Where a part says that it has
   * `died`, the role can't go on.
   */
  open<P extends Part>(name: string, start: () => P | Promise<P>): Promise<P>;
  /** What the role is doing, in words, and its numbers. */
  status(text: string, figures?: Figures): void;
  /** The watchdog is fed only while every probe answers. */
  watch(name: string, probe: () => Promise<unknown>): void;
  /** Ends the role, in order, because it can't go on: exit code 70, and 78 for a ConfigError. */
  fail(error: Error): void;
  /** The value behind a reference of the config. */
  read(reference: string): string;
  /** Where a path of the config leads. */
  statePath(path: string): string;
}

export interface Role<C extends TSchema, S extends TSchema> {
  readonly name: string;
  readonly config: C;
  /** The schema of the side's shared file, where the role needs one. */
  readonly shared?: S;
  /** What a schema can't say: the first rule that keys break between them, in words. */
  readonly check?: (config: Static<C>, shared: Static<S>) => string | undefined;
  /** Builds the role's parts; resolved means ready: stores open, sockets bound, self-test passed. */
  start(context: RoleContext<Static<C>, Static<S>>): Promise<void>;
}

/**
 * Runs a role from its config to its stop, and ends the process: 0 after a signal, 78 for a config that can't
 * be used, 70 for anything else that it can't go on with.
 */
export async function runRole<C extends TSchema, S extends TSchema>(role: Role<C, S>): Promise<void> {
  const debug = process.argv.includes('--debug');
  const log = createLog(role.name, debug ? 'debug' : 'info');
  const running = new Running(log, createNotifier(process.env, log));
  process.on('unhandledRejection', (cause) => running.fail(cause));
  process.on('uncaughtException', (cause) => running.fail(cause));
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => running.stop(EXIT.ok, signal));
  // The supervisor's end of the channel closes when it dies, however it dies.
  process.on('disconnect', () => running.stop(EXIT.ok, 'the supervisor is gone'));
  try {
    const context = await running.context(role);
    await role.start(context);
    running.ready();
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      await running.end(EXIT.config);
    } else {
      running.fail(error);
    }
  }
}

/** A role between start and stop. */
class Running {
  readonly #log: Logger;
  readonly #notifier: Notifier;
  readonly #watch: Watch;
  readonly #opened: { name: string; close(): unknown }[] = [];
  readonly #abort = new AbortController();
  #stopped = false;

  constructor(log: Logger, notifier: Notifier) {
    this.#log = log;
    this.#notifier = notifier;
    this.#watch = new Watch(notifier, log);
  }

  async context<C extends TSchema, S extends TSchema>(
    role: Role<C, S>,
  ): Promise<RoleContext<Static<C>, Static<S>>> {
    const args = roleArguments(process.argv.slice(2));
    const folders: RoleFolders = roleFolders(process.env);
    const shared = loadShared(role, args.shared);
    const reread = () => {
      const config = loadConfig(role.config, args.config);
      const broken = role.check?.(config, shared);
      if (broken) throw new ConfigError(`${args.config}: ${broken}`);
      return config;
    };
    return {
      config: reread(),
      shared,
      reread,
      log: this.#log,
      stopping: this.#abort.signal,
      open: (name, start) => this.#open(name, start),
      status: (text, figures = {}) => this.#notifier.status(text, figures),
      watch: (name, probe) => this.#watch.add(name, probe),
      fail: (error) => this.fail(error),
      read: (reference) => readReference(folders, reference),
      statePath: (path) => statePath(folders, path),
    };
  }

  ready(): void {
    if (this.#stopped) return;
    this.#watch.start();
    this.#notifier.ready();
    this.#log.info('ready');
  }

  fail(cause: unknown): void {
    this.#log.fatal({ err: cause }, `can't go on: ${messageOf(cause)}`);
    void this.stop(cause instanceof ConfigError ? EXIT.config : EXIT.software, 'failure');
  }

  async stop(code: number, why: string): Promise<void> {
    if (this.#stopped) return;
    this.#log.info({ why }, 'stopping');
    this.#notifier.stopping();
    await this.end(code);
  }

  /** Closes what was opened, last first, and ends the process. */
  async end(code: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#watch.stop();
    this.#abort.abort();
    for (const part of this.#opened.reverse()) await this.#close(part);
    process.exit(code);
  }

  async #open<P extends Part>(name: string, start: () => P | Promise<P>): Promise<P> {
    this.#log.debug({ part: name }, 'opening');
    const part = await start();
    this.#opened.push({ name, close: () => part.close() });
    void part.died?.then((error) => this.fail(error));
    return part;
  }

  async #close(part: { name: string; close(): unknown }): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not closed within ${CLOSE_DEADLINE_MS} ms`)),
        CLOSE_DEADLINE_MS,
      );
    });
    try {
      await Promise.race([part.close(), deadline]);
    } catch (error) {
      this.#log.error({ err: error, part: part.name }, 'a part did not close well');
    } finally {
      clearTimeout(timer);
    }
  }
}

function loadShared<C extends TSchema, S extends TSchema>(
  role: Role<C, S>,
  file: string | undefined,
): Static<S> {
  if (!role.shared) return undefined as Static<S>;
  if (!file) throw new ConfigError(`${role.name} needs its side's shared file: -g shared/SIDE.toml`);
  return loadConfig(role.shared, file);
}
