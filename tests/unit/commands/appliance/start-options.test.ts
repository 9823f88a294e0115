import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseStartOptions } from '../../../../commands/appliance/start-options.ts';

test('without options the appliance runs on .state until it is stopped', () => {
  assert.deepEqual(parseStartOptions([]), {
    state: '.state',
    config: undefined,
    fresh: false,
    forMs: undefined,
    untilTokens: undefined,
    jobDeclaration: false,
    portBase: undefined,
    restart: true,
    debug: false,
    help: false,
  });
});

test('every option is read', () => {
  const line =
    '--state x --config y --fresh --for 90s --until-tokens 5000000000000000000 --job-declaration --port-base 20000 --no-restart --debug';
  assert.deepEqual(parseStartOptions(line.split(' ')), {
    state: 'x',
    config: 'y',
    fresh: true,
    forMs: 90_000,
    untilTokens: 5_000_000_000_000_000_000n,
    jobDeclaration: true,
    portBase: 20_000,
    restart: false,
    debug: true,
    help: false,
  });
});

const mistakes: readonly [line: string, words: RegExp][] = [
  ['--fro 60s', /Unknown option '--fro'; --help/],
  ['--for', /--for <value>' argument missing; --help/],
  ['--for 60', /--for 60: a length of time is wanted, such as 90s/],
  ['--for 0s', /--for 0s/],
  ['--for 481h', /up to 480h/],
  ['--until-tokens 0', /--until-tokens 0: a whole number/],
  ['--until-tokens -5', /--until-tokens/],
  ['--until-tokens 1e3', /--until-tokens 1e3/],
  ['--port-base 99999999', /--port-base 99999999: a port number/],
  ['--port-base abc', /--port-base abc/],
  ['up', /up is no option/],
];

for (const [line, words] of mistakes) {
  test(`\`${line}\` is refused with what is allowed`, () => {
    assert.throws(
      () => parseStartOptions(line.split(' ')),
      (error: Error) => {
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /\n/);
        return 'code' in error && error.code === 'usage';
      },
    );
  });
}

test('lengths of time are seconds, minutes or hours', () => {
  assert.deepEqual(
    ['1s', '5m', '480h'].map((text) => parseDuration('--for', text)),
    [1_000, 300_000, 1_728_000_000],
  );
});
