import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Health } from '../../services/stats/api/schemas/health.ts';
import { RoleProcess } from './role-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

const entry = fileURLToPath(new URL('../../roles/proxy-stats/main.ts', import.meta.url));

export interface ProxyStatsOptions {
  /** Where roles send their events, and the port after it for HTTP. */
  readonly port: number;
  /** Lines of `[probes]`. */
  readonly probes: readonly string[];
}

/** Starts roles/proxy-stats as the supervisor does; it ends with the test. */
export async function proxyStats(
  t: Pick<TestContext, 'after'>,
  { port, probes }: ProxyStatsOptions,
): Promise<{ readonly role: RoleProcess; health(): Promise<Health> }> {
  const folder = temporaryFolder();
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('stats.toml', ['[server]', `tcp_port = ${port}`, `http_port = ${port + 1}`, '[probes]', ...probes]);
  write('miner.toml', ['[bitcoin]', 'network = "regtest"', '[mint]', 'url = "http://127.0.0.1:3338"']);
  const role = new RoleProcess(
    [entry, '-c', join(folder, 'stats.toml'), '-g', join(folder, 'miner.toml')],
    folder,
  );
  t.after(() => role.stop());
  await role.says(/^at http/);
  return {
    role,
    async health() {
      const answer = await fetch(`http://127.0.0.1:${port + 1}/health`);
      return (await answer.json()) as Health;
    },
  };
}
