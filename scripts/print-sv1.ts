import { readFileSync, writeFileSync } from 'node:fs';
import { refusalReasons, refusals } from '../protocols/sv1/errors.ts';
import { figureOfReason, minerMethods, ourMethods, refusalsInUse } from '../protocols/sv1/methods.ts';

/** The page, and the line from which on the tables make it up. */
export const page = new URL('../docs/translator.md', import.meta.url);
export const heading = '## Methods';

/** The section of docs/translator.md that follows from the declared tables. */
export function methodsSection(): string {
  return [
    heading,
    '',
    ...explanation,
    ...minerTable(),
    ...ourTable(),
    ...errorTable(),
    ...reasonTable(),
  ].join('\n');
}

const explanation = [
  'What follows is printed by `node scripts/print-sv1.ts --write` from the tables in the code. Every request has an answer,',
  'in the order in which they came, but shares: they are answered as the pool answers them. What has no id is done and not answered.',
  '',
];

function minerTable(): string[] {
  const rows = Object.entries(minerMethods).map(([method, { params, answer, refused }]) => {
    const words = refused.map((name) => `${refusals[name].words} (${refusals[name].code})`);
    return `| \`${method}\` | ${code(params)} | ${answer} | ${words.join(', ')} |`;
  });
  return ['| miners call | with | answer | errors |', '|---|---|---|---|', ...rows, ''];
}

function ourTable(): string[] {
  const rows = Object.entries(ourMethods).map(
    ([method, { params, when }]) => `| \`${method}\` | ${code(params)} | ${when} |`,
  );
  return ['| the translator calls | with | when |', '|---|---|---|', ...rows, ''];
}

function errorTable(): string[] {
  const used = refusalsInUse();
  const rows = Object.entries(refusals)
    .filter(([name]) => (used as ReadonlySet<string>).has(name))
    .sort(([, a], [, b]) => b.code - a.code)
    .map(([, { code: number, words, when, reason }]) => `| ${number} | ${words} | ${when} | \`${reason}\` |`);
  return [
    '## Errors',
    '',
    'An error is `[number, words, null]`. The words are those that AxeOS explains to its users.',
    '',
    '| number | words | when | counts as |',
    '|---|---|---|---|',
    ...rows,
    '',
    'Besides these: 24 with the reason why a user name is refused, 20 with what the pool said in other words (`Pool: …`), that it did',
    'not answer (`No answer from the pool: …`), that it has no work, or that a method is unknown (`Unknown method …`).',
    '',
  ];
}

function reasonTable(): string[] {
  const rows = Object.entries(refusalReasons).map(
    ([reason, words]) => `| \`${figureOfReason(reason as keyof typeof refusalReasons)}\` | ${words} |`,
  );
  return [
    '## Shares refused, by reason',
    '',
    'The status has a figure for each reason that there was, together `shares_rejected`.',
    '',
    '| figure | the share is |',
    '|---|---|',
    ...rows,
    '',
  ];
}

function code(params: string): string {
  return params === '' ? '' : `\`${params}\``;
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    const [prose = ''] = readFileSync(page, 'utf8').split(`${heading}\n`);
    writeFileSync(page, `${prose}${methodsSection()}`);
  } else {
    console.log(methodsSection());
  }
}
