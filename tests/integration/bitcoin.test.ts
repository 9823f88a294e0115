import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptFromDescriptor } from '../../protocols/bitcoin/descriptor.ts';
import { descriptorChecksum } from '../../protocols/bitcoin/descriptor-checksum.ts';
import { decodeHeader, headerHashLe } from '../../protocols/bitcoin/header.ts';
import { merkleRoot } from '../../protocols/bitcoin/merkle.ts';
import { compactToTarget } from '../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { isRpcError } from '../../runtime/rpc/errors.ts';
import { regtestNode } from '../harness/bitcoind.ts';

const KEY = '03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd';
const TPUB =
  'tpubD6NzVbkrYhZ4YYQjuKXFp85eRGCk4oA94MXbbHJW6zNAibMfkwZh7JQNVHEhpcQYaRCUs3b5PhvKPKESGoAJptiLvF8Rm1jhoFsryyFuR1P';

test('descriptors: our checksums, scripts and addresses are those of the node', async (t) => {
  const node = await regtestNode(t);
  const { curve } = await loadCrypto();
  const expressions = [
    `pkh(${KEY})`,
    `wpkh(${KEY})`,
    `sh(wpkh(${KEY}))`,
    `tr(${KEY.slice(2)})`,
    `wpkh([deadbeef/84h/1h/0h]${TPUB}/0/7)`,
    `pkh(${TPUB}/1/2/3/2147483647)`,
    `tr(${TPUB}/86/0)`,
  ];
  for (const expression of expressions) {
    const info = (await node.rpc.call('getdescriptorinfo', [expression])) as { checksum: string };
    assert.equal(descriptorChecksum(expression), info.checksum);
    const descriptor = `${expression}#${info.checksum}`;
    const [address] = (await node.rpc.call('deriveaddresses', [descriptor])) as string[];
    const known = (await node.rpc.call('validateaddress', [address])) as { scriptPubKey: string };
    assert.equal(toHex(scriptFromDescriptor(descriptor, 'regtest', curve)), known.scriptPubKey);
    assert.equal(toHex(scriptFromDescriptor(`addr(${address})`, 'regtest', curve)), known.scriptPubKey);
    const decoded = (await node.rpc.call('decodescript', [known.scriptPubKey])) as { address: string };
    assert.equal(decoded.address, address);
  }
});

test('what the node calls no address is none here either', async (t) => {
  const node = await regtestNode(t);
  const { curve } = await loadCrypto();
  const addresses = [
    'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt08x',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfm',
    'nonsense',
  ];
  for (const address of addresses) {
    const { isvalid } = (await node.rpc.call('validateaddress', [address])) as { isvalid: boolean };
    assert.equal(isvalid, false);
    assert.throws(() => scriptFromDescriptor(`addr(${address})`, 'regtest', curve), address);
  }
});

test('headers, merkle roots and targets of blocks the node made', async (t) => {
  const node = await regtestNode(t, { wallet: true });
  const address = String(await node.rpc.call('getnewaddress'));
  await node.generate(101, address);
  for (let i = 0; i < 4; i++) await node.rpc.call('sendtoaddress', [address, 1]);
  const [hash = ''] = await node.generate(1);
  const header = decodeHeader(fromHex(String(await node.rpc.call('getblockheader', [hash, false]))));
  const block = (await node.rpc.call('getblock', [hash])) as { tx: string[]; target: string; time: number };
  assert.equal(block.tx.length, 5);
  assert.equal(toHex(reversed(headerHashLe(header))), hash);
  const leaves = block.tx.map((txid) => reversed(fromHex(txid)));
  assert.equal(toHex(merkleRoot(leaves)), toHex(header.merkleRootLe));
  assert.equal(header.time, block.time);
  assert.equal(compactToTarget(header.bits), BigInt(`0x${block.target}`));
});

test("the node's refusals come as typed errors", async (t) => {
  const node = await regtestNode(t);
  await assert.rejects(
    node.rpc.call('getblockhash', [5]),
    (error) => isRpcError(error, 'rpc-refused') && error.rpcCode === -8,
  );
  await assert.rejects(
    node.rpc.call('nosuchmethod'),
    (error) => isRpcError(error) && error.rpcCode === -32601,
  );
});
