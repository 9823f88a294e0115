import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type PostgresPrograms, postgresPrograms } from './postgres-programs.ts';

/** PostgreSQL refuses to run as root; where the tests do, it runs as "nobody". */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const READY_MS = 30_000;

/** A PostgreSQL server of the tests, on a socket in a folder of its own, with durable commits. */
export interface TestPostgres {
  /**
   * Makes a database: empty, or a copy of one that nobody is connected to any more.
   * @param template its URL
   * @returns the new one's URL
   */
  newDatabase(template?: string): Promise<string>;
  /** Ends the server as a crash would, or in order. */
  end(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>;
  /** Starts it again on the same data. */
  start(): Promise<void>;
}

let shared: Promise<Server> | undefined;

/** Ends the server, if there is one, and removes its data. Tests need not ask for it. */
export async function removeTestPostgres(): Promise<void> {
  await (await shared)?.remove();
  shared = undefined;
}

after(removeTestPostgres);

/** The one server for all tests of a file: it starts with the first that asks, and stops after the last. */
export function testPostgres(): Promise<TestPostgres> {
  shared ??= Server.create();
  return shared;
}

class Server implements TestPostgres {
  readonly #folder: string;
  readonly #programs: PostgresPrograms;
  #process: ChildProcess | undefined;
  #databases = 0;
  #output = '';

  private constructor(folder: string, programs: PostgresPrograms) {
    this.#folder = folder;
    this.#programs = programs;
  }

  static async create(): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'hashpool-postgres-'));
    await mkdir(join(folder, 'data'), { mode: 0o700 });
    if (NOBODY.uid !== undefined)
      for (const each of [folder, join(folder, 'data')]) await chown(each, NOBODY.uid, NOBODY.gid);
    const programs = await postgresPrograms(join(folder, 'programs'));
    // Backups are made by its client's programs, which are found on the path.
    process.env['PATH'] = `${process.env['PATH']}${delimiter}${programs.folder}`;
    Object.assign(process.env, programs.environment);
    const server = new Server(folder, programs);
    const settings = [
      '--pgdata',
      join(folder, 'data'),
      '--username',
      'hashpool',
      '--auth',
      'trust',
      '--no-sync',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
    ];
    const initdb = server.#spawn('initdb', settings);
    const [code] = await once(initdb, 'exit');
    if (code !== 0) throw new Error(`initdb ended with ${code}:\n${server.#output}`);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const until = Date.now() + READY_MS;
    while (!(await this.#answers())) {
      if (Date.now() > until) throw new Error(`PostgreSQL does not start:\n${this.#output}`);
      // After a kill the server refuses to start while any of its processes has not ended yet.
      if (!this.#isRunning) this.#launch();
      await delay(50);
    }
  }

  async newDatabase(template?: string): Promise<string> {
    const name = `test_${++this.#databases}`;
    const from =
      template === undefined ? 'template1' : new URL(template.replace('@/', '@socket/')).pathname.slice(1);
    const until = Date.now() + READY_MS;
    for (;;) {
      try {
        await this.#asOperator((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${from}`));
        return this.#url(name);
      } catch (error) {
        // Who has said goodbye to the template is gone a little later.
        const isInUse = error instanceof pg.DatabaseError && error.code === '55006';
        if (!isInUse || Date.now() > until) throw error;
        await delay(20);
      }
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || !this.#isRunning) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async remove(): Promise<void> {
    await this.end('SIGQUIT');
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  #launch(): void {
    const settings = ['-D', join(this.#folder, 'data'), '-k', this.#folder, '-c', 'listen_addresses='];
    const child = this.#spawn('postgres', settings);
    this.#process = child;
    // A test file that ends before its hooks have run leaves no server behind.
    process.once('exit', () => child.kill('SIGQUIT'));
  }

  #url(database: string): string {
    return `postgres://hashpool@/${database}?host=${encodeURIComponent(this.#folder)}`;
  }

  #answers(): Promise<boolean> {
    return this.#asOperator(() => Promise.resolve()).then(
      () => true,
      () => false,
    );
  }

  async #asOperator(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url('postgres') });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(join(this.#programs.folder, program), args, {
      env: { ...process.env, ...this.#programs.environment },
      ...NOBODY,
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = `${this.#output}${text}`.slice(-10_000);
      });
    }
    return child;
  }
}
