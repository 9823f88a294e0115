import { parseArgs } from 'node:util';
import { messageOf } from '../protocols/errors.ts';
import { ConfigError } from './config/load.ts';

/** What every role is started with: `-c ITS.config.toml -g shared/SIDE.toml [--debug]`. */
export interface RoleArguments {
  readonly config: string;
  readonly shared: string | undefined;
  readonly debug: boolean;
}

/** @throws ConfigError in one line, with the usage */
export function roleArguments(argv: readonly string[]): RoleArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string', short: 'c' },
        global: { type: 'string', short: 'g' },
        debug: { type: 'boolean', default: false },
      },
    });
    if (!values.config) throw new Error('-c is missing');
    return { config: values.config, shared: values.global, debug: values.debug };
  } catch (cause) {
    const usage = 'usage: main.ts -c ITS.config.toml [-g shared/SIDE.toml] [--debug]';
    throw new ConfigError(`${messageOf(cause)}; ${usage}`, { cause });
  }
}
