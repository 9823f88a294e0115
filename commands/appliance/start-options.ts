import { readCommandLine, refuseWords, usageError } from './command-line.ts';

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly state: string;
  /** A folder of config files in place of the project's own. */
  readonly config: string | undefined;
  readonly fresh: boolean;
  /** Milliseconds after which the run ends by itself. */
  readonly forMs: number | undefined;
  /** The run ends when the wallet holds so much. */
  readonly untilTokens: bigint | undefined;
  /** Whether miners choose their own blocks, by jd-server and jd-client. */
  readonly jobDeclaration: boolean;
  readonly portBase: number | undefined;
  readonly restart: boolean;
  readonly debug: boolean;
  readonly help: boolean;
}

export const startUsage = `npm start -- [options]: the whole appliance on a regtest chain of its own

  --state DIR         keep all state in DIR (default .state)
  --fresh             begin anew: empties the state folder first
  --config DIR        take the config files from DIR (default config/regtest)
  --for 60s           end after that long (s, m or h)
  --until-tokens N    end when the wallet holds N ehash; with --for, exit 1 if it does not in time
  --job-declaration   miners choose their own blocks, by jd-server and jd-client
  --port-base N       the first port of nix/roles.toml becomes N, the next N+1, and so on
  --no-restart        end as soon as a role dies, and say why
  --debug             log more
  --help              show this

Ends on Ctrl-C. The last line of output is a summary as JSON; the exit code is 0 where its sums agree.`;

const LONGEST_MS = 20 * 24 * 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads the command line of `npm start`.
 * @throws HashpoolError 'usage' saying which option is wrong and what is allowed
 */
export function parseStartOptions(args: readonly string[]): StartOptions {
  const { values, positionals } = readCommandLine(args, {
    state: { type: 'string', default: '.state' },
    config: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    for: { type: 'string' },
    'until-tokens': { type: 'string' },
    'job-declaration': { type: 'boolean', default: false },
    'port-base': { type: 'string' },
    'no-restart': { type: 'boolean', default: false },
    debug: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  refuseWords(positionals);
  return {
    state: values.state,
    config: values.config,
    fresh: values.fresh,
    forMs: values.for === undefined ? undefined : parseDuration('--for', values.for),
    untilTokens: values['until-tokens'] === undefined ? undefined : parseAmount(values['until-tokens']),
    jobDeclaration: values['job-declaration'],
    portBase: values['port-base'] === undefined ? undefined : parsePort(values['port-base']),
    restart: !values['no-restart'],
    debug: values.debug,
    help: values.help,
  };
}

/**
 * A length of time such as `90s`, `5m` or `1h`, in milliseconds.
 * @throws HashpoolError 'usage' naming `option`
 */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d{1,7})([smh])$/.exec(text);
  const milliseconds = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? Number.NaN);
  if (!(milliseconds > 0 && milliseconds <= LONGEST_MS)) {
    throw usageError(`${option} ${text}: a length of time is wanted, such as 90s, 5m or 1h, up to 480h`);
  }
  return milliseconds;
}

function parseAmount(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/.test(text)) {
    throw usageError(`--until-tokens ${text}: a whole number of ehash is wanted, 1 or more`);
  }
  return BigInt(text);
}

/** A port for `--port-base`. @throws HashpoolError 'usage' */
export function parsePort(text: string): number {
  if (!/^\d{4,5}$/.test(text)) {
    throw usageError(`--port-base ${text}: a port number is wanted, 1024 or more`);
  }
  return Number(text);
}
