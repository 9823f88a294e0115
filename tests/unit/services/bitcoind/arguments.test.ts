import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitcoindArguments, rpcAuthLine } from '../../../../services/bitcoind/arguments.ts';

/** What bitcoind's share/rpcauth/rpcauth.py computes for this salt and password. */
test('the rpcauth line holds a salted hash', () => {
  const line = rpcAuthLine('alice:secret:with colon', '0123456789abcdef0123456789abcdef');
  const hash = 'b620da6af89e0ad9233a3d0d638d5f9f230b546d527257c2e3f7a94aa14701ce';
  assert.equal(line, `alice:0123456789abcdef0123456789abcdef$${hash}`);
  assert.notEqual(rpcAuthLine('alice:secret'), rpcAuthLine('alice:secret'), 'a salt of its own each time');
});

test('no password among the arguments', () => {
  const settings = { datadir: '/data', rpcPort: 18443, rpcAuth: 'user:hunter2' };
  const args = bitcoindArguments({ ...settings, network: 'regtest', extraArguments: ['-txindex=1'] });
  assert(!args.some((argument) => argument.includes('hunter2')));
  assert(args.includes('-regtest') && args.includes('-datadir=/data') && args.includes('-listen=0'));
  assert.equal(args.at(-1), '-txindex=1');
  assert(bitcoindArguments({ ...settings, network: 'testnet4' }).includes('-testnet4'));
});

test('a credential of another form is refused', () => {
  for (const auth of ['', 'user', ':password', 'user:']) {
    assert.throws(() => rpcAuthLine(auth), { code: 'bad-rpc-auth' });
  }
});
