import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { generateBlocks } from '../../services/supervisor/regtest-chain.ts';
import { startAppliance } from '../harness/appliance.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const LOOK_MS = 500;
const AUDIT = fileURLToPath(new URL('../../commands/audit.ts', import.meta.url));
/** A block every few seconds. */
const BLOCK_BITS = 20;

/** Waits until the mint answers so. */
async function answered<T>(url: string, isSo: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const response = await fetch(url);
    const answer = response.ok ? ((await response.json()) as T) : undefined;
    if (answer !== undefined && isSo(answer)) return answer;
    await delay(LOOK_MS);
  }
}

test('what an appliance has mined is shown to be work for its script, out of the outbox of its pool', async (t) => {
  const appliance = await startAppliance(t, {
    edit: (file, text) =>
      file === 'template-provider.config.toml'
        ? text.replace(/^block_target_bits = .*$/m, `block_target_bits = ${BLOCK_BITS}`)
        : text,
  });
  const { mintUrl, rpc } = appliance;
  interface Listed {
    readonly epochs: readonly { unit: string; closed_height: number | null }[];
  }
  const { keysets } = (await (await fetch(`${mintUrl}/v1/keysets`)).json()) as {
    keysets: { unit: string }[];
  };
  const pool = keysets.map(({ unit }) => unit.split('_')[1] ?? '').find((id) => id.length === 66) ?? '';
  const { epochs } = await answered<Listed>(`${mintUrl}/v1/ehash/epochs?pool=${pool}`, (answer) =>
    answer.epochs.some(({ closed_height }) => closed_height !== null),
  );
  const unit = epochs.findLast(({ closed_height }) => closed_height !== null)?.unit ?? '';
  await generateBlocks(rpc, 100);
  await answered(`${mintUrl}/v1/ehash/epochs/${unit}/report`, () => true);
  await generateBlocks(rpc, 6);
  await answered(`${mintUrl}/v1/ehash/epochs/${unit}/sample`, () => true);

  const auth = readFileSync(join(appliance.state.credentials, 'bitcoin-rpc'), 'utf8').trim();
  const node = ['--node', rpc.url, '--node-auth', auth];
  const { stdout, stderr } = spawnSync(process.execPath, [AUDIT, mintUrl, '--json', ...node], {
    cwd: temporaryFolder(),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  assert.equal(stderr, '');
  const { findings } = JSON.parse(stdout) as { findings: { verdict: string; code: string; words: string }[] };
  const codes = (verdict: string) =>
    findings.filter((each) => each.verdict === verdict).map(({ code }) => code);
  assert.deepEqual(codes('fails'), [], stdout);
  for (const code of ['reports-signed', 'books-agree', 'keysets-derived', 'boundaries-in-chain']) {
    assert.ok(codes('holds').includes(code), `${code} is not in ${stdout}`);
  }
  // Later epochs may have a price and no sample yet; the reward's keys are nobody's in this config.
  const shown = findings.find(({ code }) => code === 'shares-are-work' || code === 'no-sample');
  assert.ok(shown && !new RegExp(`${unit}(?!\\d)`).test(shown.words), stdout);
});
