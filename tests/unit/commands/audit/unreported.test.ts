import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBlock } from '../../../../commands/audit/sources.ts';
import type { Finding } from '../../../../domain/reports/finding.ts';
import { honestMint, nameOf, SCRIPT, TIP } from './scene.ts';

/** A block that pays the pool's script. */
const paying = (height: number): ChainBlock => ({
  hash: nameOf(height),
  height,
  header: new Uint8Array(80),
  coinbaseOutputs: [{ value: 7n, script: SCRIPT }],
});

/** What is said of rewards where the chain has these blocks, too. */
async function auditWith(...more: readonly ChainBlock[]): Promise<(Finding | undefined)[]> {
  const { reports, publish, audit, blocks } = await honestMint();
  for (const block of more) blocks.set(block.hash, block);
  const found = await audit(publish(reports));
  return found.filter(({ code }) => /^(reward|blocks)/.test(code));
}

test('tampered: a reward that no report has, between two that reports have', async () => {
  const found = await auditWith(paying(150), paying(250));
  assert.deepEqual(
    found.map((each) => [each?.verdict, each?.code, /block (\d+)/.exec(each?.words ?? '')?.[1]]),
    [
      ['fails', 'reward-hidden', '150'],
      ['fails', 'reward-hidden', '250'],
    ],
  );
  assert.match(found[0]?.words ?? '', new RegExp(`${nameOf(150)}.* 7 sats`));
});

test('tampered: a gift that was taken out of the report', async () => {
  const { reports, publish, audit, blocks } = await honestMint();
  blocks.set(nameOf(150), paying(150));
  const [first, ...rest] = reports;
  assert.ok(first);
  const gifts = [{ hash: nameOf(150), sats: '7' }];
  const withGift = { ...first, epochs: first.epochs.map((epoch) => ({ ...epoch, gifts })) };
  const codes = async (contents: typeof reports) => (await audit(publish(contents))).map(({ code }) => code);
  assert.ok(!(await codes([withGift, ...rest])).includes('reward-hidden'));
  assert.ok((await codes(reports)).includes('reward-hidden'));
});

test('a reward whose price is to come is named; one that waits too long is told of', async () => {
  const [fresh] = await auditWith(paying(TIP));
  assert.deepEqual([fresh?.verdict, fresh?.code], ['holds', 'rewards-reported']);
  assert.match(fresh?.words ?? '', new RegExp(`block ${TIP} \\(${nameOf(TIP)}\\) pays 7 sats`));
  const [old, ...others] = await auditWith(...Array.from({ length: 25 }, (_, i) => paying(310 + i)));
  assert.deepEqual([old?.verdict, old?.code, others], ['unproven', 'reward-unreported', []]);
  assert.match(old?.words ?? '', /block 329 .* and 5 more/);
});

test('what a node has pruned is counted, and nothing is said to hold that was not seen', async () => {
  const gone = [301, 302].map((height) => ({ ...paying(height), coinbaseOutputs: undefined }));
  const [found, ...others] = await auditWith(...gone);
  assert.deepEqual([found?.verdict, found?.code, others], ['unproven', 'blocks-pruned', []]);
  assert.match(found?.words ?? '', /pruned 2 blocks from height 301 to 302/);
});

test('blocks that pay nothing to the script, or somebody else, are nothing to reports', async () => {
  const nothing = { ...paying(150), coinbaseOutputs: [{ value: 0n, script: SCRIPT }] };
  const others = { ...paying(250), coinbaseOutputs: [{ value: 7n, script: Uint8Array.of(0x52) }] };
  const found = await auditWith(nothing, others);
  assert.deepEqual(
    found.map((each) => each?.code),
    ['rewards-reported'],
  );
});

test('a report whose tip was left behind by the chain is as good as others; one of a tip that nobody knows is told of', async () => {
  const { reports, publish, audit, node } = await honestMint();
  const signed = publish(
    reports.map((report) => ({ ...report, chain: { ...report.chain, hash: 'ab'.repeat(32) } })),
  );
  const codes = async (knows: boolean) =>
    (await audit(signed, { node: { ...node, knows: async () => knows } })).map(({ verdict, code }) => [
      verdict,
      code,
    ]);
  assert.ok(!(await codes(true)).some(([, code]) => code === 'report-off-chain'));
  assert.deepEqual(
    (await codes(false)).filter(([, code]) => code === 'report-off-chain'),
    [
      ['unproven', 'report-off-chain'],
      ['unproven', 'report-off-chain'],
    ],
  );
});

test('of a reward over Lightning nothing is said to fail that no chain can show', async () => {
  const { reports, publish, audit, node } = await honestMint();
  // The tips that closed them were left behind by the chain.
  const left = (height: number) => nameOf(-height);
  const lightning = reports.map((report) => ({
    ...report,
    sats: { ...report.sats, coinbase: '0', lightning: report.sats['coinbase'] ?? '0' },
    epochs: report.epochs.map((epoch) => ({
      ...epoch,
      ...{ reward_script: null, sources: { lightning: epoch.reward } },
      ...{
        opened: { ...epoch.opened, hash: left(epoch.opened.height) },
        closed: { ...epoch.closed, hash: left(epoch.closed.height) },
      },
    })),
  }));
  const found = await audit(publish(lightning), { node: { ...node, height: async () => undefined } });
  assert.deepEqual(
    found.filter(({ verdict }) => verdict === 'fails'),
    [],
  );
  const words = found.flatMap(({ code, words }) => (code === 'reward-not-on-chain' ? [words] : []));
  assert.equal(words.length, 2);
  assert.match(words[0] ?? '', /1000 sats by its report, came over Lightning/);
});
