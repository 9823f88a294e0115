import { createHash, randomFillSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';
import { openBrowser } from '../harness/browser.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import { connectSv1, type Sv1Client } from '../harness/sv1-client.ts';

/** A name that would be a picture, and run a script, if any page took names for markup. */
export const MARKUP_NAME = '<img src=x onerror=alert(1)>';
const SHARE_BITS = 10;
/** A miner of a test finds a block in a second or two. */
const BLOCK_BITS = 22;

/** An appliance without miners, a browser, and miners to come. */
export interface Scene {
  readonly appliance: TestAppliance;
  readonly browser: Browser;
  /** Lets simulated miners in: three that are well, one of which has a name of markup, and one that sends rubbish. */
  startMiners(): Promise<void>;
  /** Lets another one find a block, and leave: ehash is of another epoch from then on. */
  findBlock(): Promise<void>;
  /** Ends them; their shares are answered. */
  stopMiners(): Promise<void>;
}

/** Starts both, with the faucet on. */
export async function openScene(t: TestContext): Promise<Scene> {
  const browser = await openBrowser(t);
  const appliance = await startAppliance(t, { without: ['miner'], edit: editConfig });
  const miners: SteadyMiner[] = [];
  const runs: Promise<void>[] = [];
  const others: Sv1Client[] = [];
  const stopMiners = async (): Promise<void> => {
    for (const miner of miners) miner.stop();
    await Promise.all(runs);
    for (const client of [...miners.map((miner) => miner.client), ...others]) client.close();
  };
  t.after(stopMiners);
  return {
    appliance,
    browser,
    startMiners: async () => {
      for (const [k, user] of ['garage.bitaxe', 'roof.nerdaxe', MARKUP_NAME].entries()) {
        const miner = await SteadyMiner.start({
          port: appliance.sv1Port,
          user,
          bits: SHARE_BITS,
          pauseMs: 150 + 100 * k,
          takesExtranonce: true,
        });
        miners.push(miner);
        runs.push(miner.run());
      }
      others.push(await sendBadShares(appliance.sv1Port));
    },
    findBlock: async () => {
      const maturing = () => appliance.role('mint').figures['epochs_maturing'];
      const before = maturing();
      const client = await connectSv1(appliance.sv1Port);
      await client.start('attic.lucky');
      await client.submit('attic.lucky', client.mineShare({ difficulty: 2 ** (BLOCK_BITS - 32) }));
      await appliance.until('another epoch', () => maturing() !== before);
      client.close();
    },
    stopMiners,
  };
}

/** A miner that sends one share three times, and one that nobody asked for. */
async function sendBadShares(port: number): Promise<Sv1Client> {
  const user = 'cellar.old';
  const client = await connectSv1(port);
  await client.request('mining.suggest_difficulty', [2 ** (SHARE_BITS - 32)]);
  await client.start(user);
  const share = client.mineShare();
  for (let k = 0; k < 3; k++) await client.submit(user, share);
  await client.submit(user, { ...client.mineShare(), jobId: 'ffffff' });
  return client;
}

function editConfig(file: string, text: string): string {
  if (file === 'template-provider.config.toml') {
    return text.replace(/^block_target_bits = .*$/m, `block_target_bits = ${BLOCK_BITS}`);
  }
  if (file !== 'tproxy.config.toml') return text;
  return text.replace(/^# (socket_path = )/m, '$1').replace(/(\[faucet\][^[]*?\nenabled = )false/, '$1true');
}

const HEADER_BYTES = 80;
const NONCE_AT = 76;

/** Shows the node the header of a block that nobody has: its chain lacks a block from then on, as in a sync. */
export async function announceBlock(rpc: BitcoinRpc): Promise<void> {
  const tip = String(await rpc.call('getbestblockhash'));
  const header = Buffer.alloc(HEADER_BYTES);
  Buffer.from(await headerOf(rpc, tip), 'hex').copy(header);
  Buffer.from(tip, 'hex').reverse().copy(header, 4);
  randomFillSync(header, 36, 32);
  header.writeUInt32LE(Math.ceil(Date.now() / 1000), 68);
  // Every other hash is below the target of regtest.
  for (let nonce = 0; (hashBe(header)[0] ?? 0) > 0x7e; nonce++) {
    header.writeUInt32LE(nonce, NONCE_AT);
  }
  await rpc.call('submitheader', [header.toString('hex')]);
}

async function headerOf(rpc: BitcoinRpc, hash: string): Promise<string> {
  return String(await rpc.call('getblockheader', [hash, false]));
}

function hashBe(header: Buffer): Buffer {
  const once = createHash('sha256').update(header).digest();
  return createHash('sha256').update(once).digest().reverse();
}
