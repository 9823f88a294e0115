import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../protocols/bytes.ts';
import { stringifyJson } from '../../protocols/cashu/json.ts';
import { keysetMark } from '../../protocols/ehash/keyset-mark.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { openWallet } from '../../services/wallet/wallet.ts';
import type { TestNode } from '../harness/bitcoind.ts';
import { EhashMiner } from '../harness/ehash-miner.ts';
import { OnchainScene } from '../harness/onchain-scene.ts';
import { mineForPool } from '../harness/pool-blocks.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
/** What an audit looks at, with a node, tokens and shares. */
const ALL = [
  'reports-signed',
  'books-agree',
  'keysets-derived',
  'boundaries-in-chain',
  'rewards-reported',
  'shares-are-work',
  'reserve',
  'tokens-counted',
  'shares-counted',
];
const AUDIT = fileURLToPath(new URL('../../commands/audit.ts', import.meta.url));
const RESERVE = fileURLToPath(new URL('../../commands/reserve.ts', import.meta.url));

/** A mint whose wallet at the node is what the pool's blocks pay, a pool's outbox, and an auditor's empty folder. */
async function open(t: TestContext) {
  let script: Uint8Array = new Uint8Array();
  const prepare = async (node: TestNode) => {
    await node.rpc.call('createwallet', ['hashpool-mint']);
    const wallet = bitcoinRpc({ url: `${node.rpcUrl}/wallet/hashpool-mint`, auth: node.rpcAuth });
    const address = String(await wallet.call('getnewaddress', ['', 'bech32']));
    const { scriptPubKey } = (await wallet.call('getaddressinfo', [address])) as { scriptPubKey: string };
    script = fromHex(scriptPubKey);
    return { rewardScript: `addr(${address})`, pool: 'fee_ppm = 20000' };
  };
  const scene = await OnchainScene.open(t, 'batch_seconds = 0\nconfirmations = 1', true, prepare);
  const outbox = new TestOutbox();
  outbox.paysTo = script;
  await outbox.link(t, scene.mint);
  const folder = temporaryFolder();
  const log = { info: () => undefined };
  const path = join(temporaryFolder(), 'wallet.sqlite');
  const wallet = await openWallet({ path, mnemonic: MNEMONIC, mintUrl: scene.mint.url, log });
  t.after(() => wallet.close());
  const { node, mint } = scene;
  const run = (command: string, ...words: string[]) => {
    const args = [command, ...words, '--node', node.rpcUrl, '--node-auth', node.rpcAuth];
    const env = { PATH: process.env['PATH'] };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env,
    });
    return { status, said: `${stdout}${stderr}` };
  };
  const finder = new EhashMiner(mint);

  return {
    ...{ scene, node, outbox, wallet, folder },
    /** Finds a block of the pool, which closes its epoch, and mines until that has its price. @returns its unit */
    async closeEpoch(): Promise<string> {
      const { unit = '', keysetId = new Uint8Array() } = outbox.terms ?? {};
      const block = await mineForPool(node, undefined, { script, mark: keysetMark(keysetId) });
      outbox.add(block.header, finder.publicKey, 0, block.coinbase);
      await outbox.stored();
      const standing = async () =>
        (await (await fetch(`${mint.url}/v1/ehash/epochs/${unit}`)).json()) as { state: string };
      await scene.until(standing, ({ state }) => state === 'maturing');
      await scene.until(
        async () => outbox.terms?.unit,
        (open) => open !== unit,
      );
      await outbox.mine(node, finder.publicKey, 2);
      await outbox.stored();
      await node.generate(100);
      await scene.until(standing, ({ state }) => state === 'redeemable');
      return unit;
    },
    /** Mines on until the shares of an epoch are drawn, and waits until they are shown. */
    async shown(unit: string): Promise<void> {
      await node.generate(6);
      await scene.until(
        async () => fetch(`${mint.url}/v1/ehash/epochs/${unit}/sample`),
        ({ status }) => status === 200,
      );
    },
    /** Waits for so many reports. */
    reported: (count: number) =>
      scene.until(
        async () => fetch(`${mint.url}/v1/ehash/reports/${count}/reserve`),
        ({ status }) => status === 200,
      ),
    audit: (...more: string[]) => run(AUDIT, mint.url, ...more),
    reserve: (...words: string[]) => run(RESERVE, ...words, '--database', mint.databasePath),
  };
}

test('a mint is audited from an empty folder, by what it publishes and a node alone', async (t) => {
  const s = await open(t);
  const before = s.audit();
  assert.deepEqual([before.status, /no-report/.test(before.said)], [2, true], before.said);
  const own = await s.wallet.keyForChannel('a channel');
  for (const k of [6, 5, 4]) await s.outbox.mine(s.node, own, k);
  const unit = await s.closeEpoch();
  await s.reported(1);
  await s.shown(unit);
  for (const k of [3, 7]) await s.outbox.mine(s.node, own, k);
  await s.wallet.collect();
  await s.wallet.redeem(unit);
  const second = await s.closeEpoch();
  await s.reported(2);
  await s.shown(second);
  const sent = await s.wallet.send(64n, { unit: 'sat' });
  await writeFile(join(s.folder, 'tokens'), `${sent}\n`);
  // Those that the wallet has minted and redeemed among them; nobody else's.
  const shares = await s.wallet.shares();
  assert.equal(shares.length, 5);
  await writeFile(join(s.folder, 'shares'), shares.map((share) => stringifyJson(share)).join('\n'));
  const { status, said } = s.audit('--proofs', 'tokens', '--shares', 'shares');
  assert.equal(status, 0, said);
  for (const code of ALL) assert.ok(said.includes(`[${code}]`), `${code} is not in: ${said}`);

  // Coins in a wallet that the mint has not.
  const [coin] = (await s.scene.user.call('listunspent')) as { scriptPubKey: string; amount: number }[];
  assert.ok(coin);
  const prepared = s.reserve('prepare', coin.scriptPubKey);
  assert.equal(prepared.status, 0, prepared.said);
  await writeFile(join(s.folder, 'psbt'), prepared.said);
  assert.match(s.reserve('add', 'psbt').said, /not all inputs are signed/);
  const signed = (await s.scene.user.call('walletprocesspsbt', [prepared.said.trim()])) as { psbt: string };
  await writeFile(join(s.folder, 'psbt'), signed.psbt);
  const added = s.reserve('add', 'psbt');
  assert.deepEqual([added.status, /report 2: \d+ coins of/.test(added.said)], [0, true], added.said);
  const more = s.audit();
  assert.equal(more.status, 0, more.said);
  assert.notEqual(reserveIn(more.said), reserveIn(said));

  const db = openPlace(s.scene.mint.databasePath, schema);
  db.exec(`UPDATE reports SET body = replace(body, '"fee":"', '"fee":"1') WHERE report = 1`);
  db.close();
  const tampered = s.audit();
  assert.deepEqual([tampered.status, /wrong-signature/.test(tampered.said)], [1, true], tampered.said);
});

/** The sats whose keys an audit has found to be there. */
function reserveIn(said: string): string | undefined {
  return /of (\d+) sats are there/.exec(said)?.[1];
}
