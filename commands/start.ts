import { type Appliance, prepareAppliance } from '../services/supervisor/appliance.ts';
import { openDisplay } from '../services/supervisor/display.ts';
import { gatherFigures } from '../services/supervisor/figures.ts';
import { type Ending, Supervisor } from '../services/supervisor/supervise.ts';
import { auditAppliance, outboxRows } from './appliance/audit-sums.ts';
import { runCommand } from './appliance/command-line.ts';
import { parseStartOptions, type StartOptions, startUsage } from './appliance/start-options.ts';
import { summarize, toJsonLine } from './appliance/summary.ts';

/** `npm start`: the whole appliance, until it is told to stop or has done what was asked of it. */
async function start(args: readonly string[]): Promise<number> {
  const options = parseStartOptions(args);
  if (options.help) {
    process.stdout.write(`${startUsage}\n`);
    return 0;
  }
  const appliance = await prepareAppliance(options);
  try {
    return await run(appliance, options);
  } finally {
    appliance.release();
  }
}

async function run(appliance: Appliance, options: StartOptions): Promise<number> {
  const startedAt = Date.now();
  const rowsBefore = outboxRows(appliance.state);
  const supervisor: Supervisor = new Supervisor({
    plans: appliance.plans,
    restart: options.restart,
    onChange: (role) => {
      display.changed(role);
      endWithTokens(supervisor, options);
    },
  });
  const display = openDisplay(process.stdout, appliance, () => supervisor.views());
  endWithSignals(supervisor);
  endWithOutput(supervisor);
  endInTime(supervisor, options);
  supervisor.start();
  const ending = await supervisor.ended;
  display.close();
  const views = supervisor.views();
  const { accepted, solo } = gatherFigures(views);
  const audit = auditAppliance(appliance.state, { answeredTrue: accepted - solo, rowsBefore });
  sayHow(appliance, ending, audit.disagreements);
  process.stdout.write(`${toJsonLine(summarize(ending, views, startedAt, audit))}\n`);
  return ending.exitCode === 0 && !audit.agree ? 1 : ending.exitCode;
}

function endWithSignals(supervisor: Supervisor): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void supervisor.stop(`stopped by ${signal}`));
  }
}

/** Who closes the terminal, or the pipe that the lines go into, has no use for the appliance any more. */
function endWithOutput(supervisor: Supervisor): void {
  process.stdout.on('error', () => void supervisor.stop('nobody reads the output', 1));
}

function endWithTokens(supervisor: Supervisor, { untilTokens }: StartOptions): void {
  if (untilTokens === undefined) return;
  const { wallet } = gatherFigures(supervisor.views());
  if (wallet >= untilTokens) void supervisor.stop(`the wallet holds ${wallet} ehash`);
}

function endInTime(supervisor: Supervisor, { forMs, untilTokens }: StartOptions): void {
  if (forMs === undefined) return;
  const [reason, exitCode] =
    untilTokens === undefined
      ? (['the time is over', 0] as const)
      : ([`no ${untilTokens} ehash in the wallet in time`, 1] as const);
  setTimeout(() => void supervisor.stop(reason, exitCode), forMs).unref();
}

/** What a person should know before the summary: why it ended, and whether the sums agree. */
function sayHow(appliance: Appliance, ending: Ending, disagreements: readonly string[]): void {
  // The files that the user edits, not the copies that the roles were given.
  const reason = ending.reason.replaceAll(appliance.state.config, appliance.configSource);
  if (ending.exitCode === 0) process.stdout.write(`${reason}\n`);
  else process.stderr.write(`npm start: ${reason}\n`);
  if (disagreements.length === 0) process.stdout.write('the sums of pool, mint and wallet agree\n');
  for (const trouble of disagreements) process.stderr.write(`npm start: the sums do not agree: ${trouble}\n`);
}

await runCommand('npm start', () => start(process.argv.slice(2)));
