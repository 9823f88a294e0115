import { randomBytes } from 'node:crypto';
import { openTrees } from '../../roles/mint/reports/open-trees.ts';
import type { Figure } from './figure.ts';
import { closeMints, mintAt, type Place } from './mint-places.ts';

const ROWS = 1_000_000;

/** A mint with so many shares in one epoch, and what its reports read. */
async function reporting(place: Place) {
  const mint = await mintAt(place);
  const trees = await openTrees(mint.path, mint.engine.signer);
  const epoch = (await mint.engine.store.call('epochByUnit', mint.unit))?.epoch ?? 0;
  return { mint, trees, epoch };
}

function nameOf(place: Place): string {
  return `${place.rows.toLocaleString('en')} shares, ${place.store}`;
}

/** How long a call of the store waits at most while the tree of all shares is made beside it. */
function pause(place: Place): Figure {
  return {
    name: `longest wait for the store during a report of ${nameOf(place)}`,
    unit: 'ms',
    runs: 2,
    async open() {
      const { mint, trees, epoch } = await reporting(place);
      return {
        async run() {
          let isOver = false;
          let longest = 0;
          const watching = (async () => {
            while (!isOver) {
              const sent = performance.now();
              await mint.engine.ping();
              longest = Math.max(longest, performance.now() - sent);
            }
          })();
          await trees.call('sharesTree', epoch);
          isOver = true;
          await watching;
          return { value: longest };
        },
        close: () => trees.close(),
      };
    },
  };
}

/** How long the tree of all shares takes. */
function growth(place: Place): Figure {
  return {
    name: `tree of ${nameOf(place)}`,
    unit: 'ms',
    runs: 2,
    async open() {
      const { trees, epoch } = await reporting(place);
      return {
        async run() {
          const began = performance.now();
          await trees.call('sharesTree', epoch);
          return { value: performance.now() - began };
        },
        close: () => trees.close(),
      };
    },
  };
}

/** How long a path in that tree takes, for a share anywhere in it. */
function path(place: Place): Figure {
  return {
    name: `path of a share among ${nameOf(place)}`,
    unit: 'ms',
    runs: 2,
    async open() {
      const { mint, trees, epoch } = await reporting(place);
      const tree = await trees.call('sharesTree', epoch);
      const report = {
        ...{ number: 1, hash: randomBytes(32), body: '{}', signature: randomBytes(64), redeemed: [] },
        ...{ horizon: { signature: 0, spent: 0 }, epochs: [epoch], trees: tree ? [tree] : [] },
      };
      if (!(await mint.engine.store.call('lastReport', null)))
        await mint.engine.store.call('addReport', report);
      return {
        async run() {
          const point = BigInt(Math.floor(Math.random() * Number(tree?.root.sum ?? 1n)));
          const began = performance.now();
          await trees.call('sharesAt', { epoch, report: 1, points: [point] });
          return { value: performance.now() - began };
        },
        close: () => trees.close(),
      };
    },
  };
}

const places: readonly Place[] = [
  { store: 'SQLite', rows: ROWS },
  { store: 'PostgreSQL', rows: ROWS },
];

export const figures: Figure[] = places.flatMap((place) => [pause(place), growth(place), path(place)]);

export const close = closeMints;
