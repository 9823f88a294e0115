import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a program in the machine printed, and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const POLL_MS = 200;
const BOOT_LIMIT_MS = 120_000;
const RUN_LIMIT_MS = 60_000;
const STATE_LIMIT_MS = 90_000;

/**
 * A machine that boots a real systemd by systemd-nspawn, with a network of its own. Its files are a layer over a root
 * that is not written to; they outlast a boot, so that power can be cut. Needs root.
 */
export class Machine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hashpool-machine-'));
  readonly #binds: readonly string[];
  #nspawn: ChildProcess | undefined;
  #console = '';

  /** @param binds folders and files of this machine that are to be seen in that one, `FROM:TO` */
  constructor(root: string, binds: readonly string[]) {
    this.#binds = binds;
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(this.#folder, name));
    const layers = `lowerdir=${root},upperdir=${join(this.#folder, 'upper')},workdir=${join(this.#folder, 'work')}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root]);
    process.once('exit', () => this.#kill());
  }

  /** Where its files lie, as seen from here. */
  get root(): string {
    return join(this.#folder, 'root');
  }

  write(path: string, text: string, mode = 0o644): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** Boots, and waits until systemd has started all that it was to start. */
  async boot(): Promise<void> {
    this.#console = '';
    // Without bpf and capabilities systemd can't enforce IPAddressDeny, and says nothing.
    const options = ['--private-network', '--register=no', '--keep-unit', '--console=read-only'].concat(
      ['--system-call-filter=bpf', '--capability=all', '--boot', '--quiet', `--directory=${this.root}`],
      this.#binds.map((bind) => `--bind-ro=${bind}`),
    );
    const child = spawn('systemd-nspawn', options, {
      env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#console = (this.#console + text).slice(-20_000);
      });
    }
    this.#nspawn = child;
    await this.until('the machine to be up', () => this.run('systemctl', 'is-system-running').stdout !== '');
    await this.until(
      'systemd to have started everything',
      () => /running|degraded/.test(this.run('systemctl', 'is-system-running').stdout),
      { limitMs: BOOT_LIMIT_MS },
    );
  }

  /** Runs a program in the machine, as root, to its end. */
  run(...command: readonly string[]): Ran {
    const leader = this.#leader();
    if (leader === undefined) return { code: null, stdout: '', stderr: this.#console };
    const ran = spawnSync('nsenter', ['--target', leader, '--all', ...command], {
      encoding: 'utf8',
      timeout: RUN_LIMIT_MS,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0' },
    });
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  }

  /** The same, which has to end well. @throws Error with what it said */
  must(...command: readonly string[]): string {
    const { code, stdout, stderr } = this.run(...command);
    if (code === 0) return stdout;
    throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  }

  /** A property of a unit, as `systemctl show` has it. */
  property(unit: string, name: string): string {
    return this.must('systemctl', 'show', '--value', `--property=${name}`, unit).trim();
  }

  /** Waits for a state; a failure says how things stand, and what `describe` adds. */
  async until(
    what: string,
    condition: () => boolean,
    { limitMs = STATE_LIMIT_MS, describe = () => '' }: { limitMs?: number; describe?: () => string } = {},
  ): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!condition()) {
      if (Date.now() > deadline)
        throw new Error(`waited ${limitMs} ms for ${what}\n${describe()}\n${this.#news()}`);
      if (this.#nspawn?.exitCode != null) throw new Error(`the machine is down\n${this.#console}`);
      await delay(POLL_MS);
    }
  }

  /** Ends everything in the machine at once; its files stay as they are. */
  async cutPower(): Promise<void> {
    const child = this.#nspawn;
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, 'close');
    this.#kill();
    await closed;
    this.#nspawn = undefined;
  }

  /** Everything in the machine ends with its first process; nspawn alone may leave it behind. */
  #kill(): void {
    const leader = this.#leader();
    if (leader === undefined) this.#nspawn?.kill('SIGKILL');
    else process.kill(Number(leader), 'SIGKILL');
  }

  /** Cuts the power and throws the machine away. */
  async remove(): Promise<void> {
    await this.cutPower();
    execFileSync('umount', ['--lazy', this.root]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #leader(): string | undefined {
    const pid = this.#nspawn?.pid;
    if (pid === undefined || this.#nspawn?.exitCode != null) return undefined;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] || undefined;
  }

  #news(): string {
    const units = this.run('systemctl', '--no-pager', 'list-units', 'hashpool-*', 'bitcoind*', 'nginx*');
    const journal = this.run('journalctl', '--no-pager', '-o', 'cat', '-n', '40');
    return `${units.stdout}\n${journal.stdout}\n${this.#console.slice(-2_000)}`;
  }
}
