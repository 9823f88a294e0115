import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import {
  describePhase,
  duration,
  figuresLine,
  renderScreen,
} from '../../../../services/supervisor/screen.ts';
import type { RoleView } from '../../../../services/supervisor/supervised-role.ts';

const now = 1_000_000;
const around = {
  now,
  uptime: 200_000,
  stateFolder: '/srv/state',
  minerAddress: 'stratum+tcp://127.0.0.1:34255',
  mintUrl: 'http://127.0.0.1:3338',
  dashboards: 'http://127.0.0.1:8080 (pool), http://127.0.0.1:8083 (miners)',
};

function view(name: string, more: Partial<RoleView> = {}): RoleView {
  return { name, phase: 'ready', text: '', figures: {}, pid: 1, restarts: 0, restartAt: undefined, ...more };
}

const views = [
  view('bitcoind', { figures: { height: 1234 }, text: 'height 1234', restarts: 2 }),
  view('pool', {
    phase: 'restarting',
    restartAt: now + 3_200,
    text: 'exited with code 70',
    figures: { blocks_found: 3n, blocks_confirmed: 2n, blocks_orphaned: 1n },
  }),
  view('translator', {
    figures: {
      miners: 1,
      shares_accepted: 12_345n,
      shares_rejected: 6,
      wallet_ehash: 2n ** 60n,
      ehash_waiting: '77',
    },
  }),
];

test('the screen shows roles, figures and where to point a miner and a wallet', () => {
  const lines = renderScreen(views, around, { columns: 100, colours: false });
  const screen = lines.join('\n');
  assert.match(screen, /up 3 min 20 s/);
  assert.match(screen, /^bitcoind +ready +height 1234; restarted 2 times$/m);
  assert.match(screen, /^pool +restarting in 4 s +exited with code 70$/m);
  assert.match(screen, /^chain +1,234 blocks high$/m);
  assert.match(screen, /^blocks +3 found +2 confirmed +1 orphaned$/m);
  assert.match(screen, /^miners +1 connected$/m);
  assert.match(screen, /^shares +12,345 accepted +6 rejected$/m);
  assert.match(screen, /^ehash +77 waiting +1,152,921,504,606,846,976 in the wallet$/m);
  assert.match(screen, /stratum\+tcp:\/\/127\.0\.0\.1:34255/);
  assert.match(screen, /http:\/\/127\.0\.0\.1:3338/);
  assert.match(screen, /\/srv\/state/);
});

test('shares that nobody pays for are told apart', () => {
  const solo = view('jd-client', { figures: { shares_accepted: 50, shares_solo: 40n } });
  const screen = renderScreen([...views, solo], around, { columns: 100, colours: false }).join('\n');
  assert.match(screen, /^shares +12,345 accepted +6 rejected +40 solo, unpaid$/m);
});

test('no line is wider than the terminal, and colours take no room', () => {
  for (const columns of [20, 40, 80]) {
    for (const line of renderScreen(views, around, { columns, colours: true })) {
      assert.ok(stripVTControlCharacters(line).length <= columns, line);
    }
  }
  const plain = renderScreen(views, around, { columns: 80, colours: false });
  const coloured = renderScreen(views, around, { columns: 80, colours: true });
  assert.deepEqual(coloured.map(stripVTControlCharacters), plain);
  assert.notDeepEqual(coloured, plain);
});

test('the same figures fit in one line', () => {
  const line =
    'height 1,234; miners 1; shares 12,345 accepted, 6 rejected; ehash 77 waiting, 1,152,921,504,606,846,976 in the wallet';
  assert.equal(figuresLine(views), line);
});

test('a restart that is overdue is due now', () => {
  assert.equal(
    describePhase(view('pool', { phase: 'restarting', restartAt: now - 5 }), now),
    'restarting in 0 s',
  );
  assert.equal(describePhase(view('pool'), now), 'ready');
});

test('lengths of time are said as people say them', () => {
  assert.deepEqual([0, 59_999, 61_000, 3_600_000, 90_061_000].map(duration), [
    '0 s',
    '59 s',
    '1 min 1 s',
    '1 h 0 min',
    '25 h 1 min',
  ]);
});
