import { type ApplianceFigures, gatherFigures } from './figures.ts';
import type { Phase, RoleView } from './supervised-role.ts';

/** What stands around the roles on the screen. */
export interface Surroundings {
  /** Since the start, in milliseconds. */
  readonly uptime: number;
  /** As `Date.now()` gives it. */
  readonly now: number;
  readonly stateFolder: string;
  readonly minerAddress: string;
  readonly mintUrl: string;
  /** Where the dashboards are, in words. */
  readonly dashboards: string;
}

type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

const codes: Record<Colour, string> = { green: '32', yellow: '33', red: '31', dim: '2', bold: '1' };
const colourOf: Record<Phase, Colour> = {
  waiting: 'dim',
  starting: 'yellow',
  ready: 'green',
  restarting: 'red',
  stopping: 'yellow',
  stopped: 'dim',
};

const NAME_WIDTH = 20;
const STATE_WIDTH = 18;

/** The status screen as lines of at most `columns` characters, with colours where the terminal has them. */
export function renderScreen(
  views: readonly RoleView[],
  around: Surroundings,
  terminal: { readonly columns: number; readonly colours: boolean },
): string[] {
  const paint = (text: string, colour: Colour): string =>
    terminal.colours ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text;
  const cut = (text: string): string => text.slice(0, terminal.columns);
  const roleLine = (view: RoleView): string => {
    const state = describePhase(view, around.now).padEnd(STATE_WIDTH);
    const line = cut(`${view.name.padEnd(NAME_WIDTH)}${state} ${describeWork(view)}`);
    const stateEnd = NAME_WIDTH + state.length;
    const painted = paint(line.slice(NAME_WIDTH, stateEnd), colourOf[view.phase]);
    return line.slice(0, NAME_WIDTH) + painted + line.slice(stateEnd);
  };
  return [
    paint(cut(`hashpool on regtest, up ${duration(around.uptime)}`), 'bold'),
    '',
    ...views.map(roleLine),
    '',
    ...figureLines(gatherFigures(views)).map((line) => cut(line)),
    '',
    cut(`point a miner at    ${around.minerAddress}`),
    cut('                    username: any name, or a key of your own (hpub1...); any password'),
    cut(`point a wallet at   ${around.mintUrl}`),
    cut(`point a browser at  ${around.dashboards}`),
    '',
    paint(cut(`Ctrl-C stops everything; state and logs are in ${around.stateFolder}`), 'dim'),
  ];
}

/** The figures in one line, for output that is no terminal. */
export function figuresLine(views: readonly RoleView[]): string {
  const figures = gatherFigures(views);
  return [
    `height ${grouped(figures.height)}`,
    `miners ${grouped(figures.miners)}`,
    `shares ${grouped(figures.accepted)} accepted, ${grouped(figures.rejected)} rejected`,
    `ehash ${grouped(figures.waiting)} waiting, ${grouped(figures.wallet)} in the wallet`,
  ].join('; ');
}

/** A role's state in words. */
export function describePhase(view: RoleView, now: number): string {
  if (view.phase !== 'restarting' || view.restartAt === undefined) return view.phase;
  return `restarting in ${Math.max(0, Math.ceil((view.restartAt - now) / 1000))} s`;
}

/** What a role does, in its own words, and how often it had to be started again. */
function describeWork({ text, restarts }: RoleView): string {
  const again = restarts === 0 ? '' : `restarted ${restarts === 1 ? 'once' : `${restarts} times`}`;
  return [text, again].filter((part) => part !== '').join('; ');
}

function figureLines(figures: ApplianceFigures): string[] {
  const row = (label: string, ...parts: readonly (readonly [value: bigint, what: string])[]): string =>
    label.padEnd(NAME_WIDTH) +
    parts.map(([value, what]) => `${grouped(value)} ${what}`.padEnd(STATE_WIDTH)).join(' ');
  return [
    row('chain', [figures.height, 'blocks high']),
    row(
      'blocks',
      [figures.blocksFound, 'found'],
      [figures.blocksConfirmed, 'confirmed'],
      [figures.blocksOrphaned, 'orphaned'],
    ),
    row('miners', [figures.miners, 'connected']),
    row(
      'shares',
      [figures.accepted, 'accepted'],
      [figures.rejected, 'rejected'],
      ...(figures.solo > 0n ? [[figures.solo, 'solo, unpaid'] as const] : []),
    ),
    row('ehash', [figures.waiting, 'waiting'], [figures.wallet, 'in the wallet']),
  ].map((line) => line.trimEnd());
}

function grouped(value: bigint): string {
  return value.toLocaleString('en-US');
}

/** Milliseconds as people say them: `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
