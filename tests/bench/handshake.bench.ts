import { noiseKey } from '../../protocols/sv2/noise/handshake.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { start } from '../../runtime/sv2/handshake-worker.ts';
import { Crowd } from './crowd.ts';
import { type Figure, loop } from './figure.ts';
import { openPool } from './pool-under-test.ts';

const { curve } = await loadCrypto();
const { respond } = await start();
const initiator = noiseKey(curve, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2));
const terms = { authoritySecret: new Uint8Array(32).fill(3), seconds: 3600 };
const secret = new Uint8Array(32).fill(4);
const theirs = initiator.encoded;
const ours = noiseKey(curve, secret, secret).encoded;

/** A handshake's curve work that no implementation can do without: a fresh key, and two shared secrets. */
const curveWork = loop(
  'handshake: its curve operations alone, fresh key and two shared secrets',
  () => () => {
    curve.ellswiftCreate(secret, secret);
    curve.ellswiftXdh(secret, theirs, ours, 'responder');
    curve.ellswiftXdh(secret, theirs, ours, 'responder');
  },
);

const responded = loop(
  "handshake: the server's side, as its thread computes it",
  () => () => respond({ act1: theirs, terms, now: 1000 }),
  { figure: curveWork },
);

const CONNECTIONS = 1_000;

/** From accepting to a channel's first work, all threads of the pool counted. */
const connected: Figure = {
  name: 'handshake: connection accepted, set up, and its channel open',
  unit: 'per second and core',
  limit: { figure: responded },
  async open() {
    const pool = await openPool();
    const crowd = await Crowd.open();
    return {
      async run() {
        await crowd.connect(CONNECTIONS, pool.port, true);
        return { operations: CONNECTIONS };
      },
      async close() {
        await crowd.close();
        await pool.close();
      },
    };
  },
};

export const figures: Figure[] = [responded, connected];
