import type { WriteStream } from 'node:tty';
import type { Appliance } from './appliance.ts';
import { portOf } from './ports.ts';
import { describePhase, figuresLine, renderScreen } from './screen.ts';
import type { RoleView } from './supervised-role.ts';
import { openScreen } from './terminal.ts';

/** Shows a running appliance. */
export interface Display {
  /** To be called at each change of a role. */
  changed(role: RoleView): void;
  close(): void;
}

const REDRAW_MS = 500;
const STATUS_LINE_MS = 5_000;

/** A live screen where `out` is a terminal, plain lines where it is not. */
export function openDisplay(
  out: NodeJS.WriteStream,
  appliance: Appliance,
  views: () => readonly RoleView[],
): Display {
  return out.isTTY ? liveDisplay(out, appliance, views) : plainDisplay(out, appliance, views);
}

function liveDisplay(out: WriteStream, appliance: Appliance, views: () => readonly RoleView[]): Display {
  const startedAt = Date.now();
  const addresses = addressesOf(appliance);
  const colours = out.hasColors() && process.env['NO_COLOR'] === undefined;
  const screen = openScreen(out, (columns) => {
    const now = Date.now();
    const around = { now, uptime: now - startedAt, stateFolder: appliance.state.root, ...addresses };
    return renderScreen(views(), around, { columns, colours });
  });
  const timer = setInterval(screen.draw, REDRAW_MS);
  return {
    changed: () => undefined,
    close: () => {
      clearInterval(timer);
      screen.close();
    },
  };
}

function plainDisplay(
  out: NodeJS.WriteStream,
  appliance: Appliance,
  views: () => readonly RoleView[],
): Display {
  const say = (line: string): void => {
    out.write(`${line}\n`);
  };
  const { minerAddress, mintUrl, dashboards } = addressesOf(appliance);
  say(`hashpool on regtest; state and logs are in ${appliance.state.root}`);
  say(`point a miner at ${minerAddress}, a wallet at ${mintUrl}`);
  say(`see what it does at ${dashboards}`);
  const phases = new Map<string, string>();
  const timer = setInterval(() => say(figuresLine(views())), STATUS_LINE_MS);
  return {
    changed: (role) => {
      if (phases.get(role.name) === role.phase) return;
      phases.set(role.name, role.phase);
      say(`${role.name}: ${describePhase(role, Date.now())}${role.text === '' ? '' : ` (${role.text})`}`);
    },
    close: () => clearInterval(timer),
  };
}

function addressesOf({ ports }: Appliance): { minerAddress: string; mintUrl: string; dashboards: string } {
  const dashboard = (role: string) => `http://127.0.0.1:${portOf(ports, role, 'http')}`;
  return {
    minerAddress: `stratum+tcp://127.0.0.1:${portOf(ports, 'translator', 'sv1-mining')}`,
    mintUrl: `http://127.0.0.1:${portOf(ports, 'mint', 'cashu-http')}`,
    dashboards: `${dashboard('pool-stats')} (pool), ${dashboard('proxy-stats')} (miners)`,
  };
}
