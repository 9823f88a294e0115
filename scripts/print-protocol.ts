import { readFileSync, writeFileSync } from 'node:fs';
import { workLinkMessages } from '../protocols/ehash/work-link.ts';
import { statsMessages } from '../protocols/stats/messages.ts';
import type { MessageSpec, MessageTable } from '../protocols/sv2/codec.ts';
import { commonMessages } from '../protocols/sv2/common.ts';
import { requestExtensionsMessages } from '../protocols/sv2/extensions/request-extensions.ts';
import { jobDeclarationMessages } from '../protocols/sv2/job-declaration.ts';
import { miningMessages } from '../protocols/sv2/mining.ts';
import { templateDistributionMessages } from '../protocols/sv2/template-distribution.ts';

/** The page, and the line from which on the tables make it up. */
export const page = new URL('../docs/protocol.md', import.meta.url);
export const heading = '## Messages';

const tables: readonly MessageTable[] = [
  commonMessages,
  miningMessages,
  jobDeclarationMessages,
  templateDistributionMessages,
  requestExtensionsMessages,
  workLinkMessages,
  statsMessages,
];

/** The section of docs/protocol.md that follows from the declared tables. */
export function messagesSection(): string {
  return [heading, '', ...explanation, ...tables.flatMap(tableSection)].join('\n');
}

const explanation = [
  'What follows is printed by `node scripts/print-protocol.ts --write` from the tables in the code. *ch* marks messages',
  'with the channel bit, *tlv* those that extensions append fields to. Fields are in wire order.',
  '',
];

function tableSection({ title, extension, messages }: MessageTable): string[] {
  const rows = Object.entries(messages).map(([name, spec]) => row(name, spec));
  return [
    `### ${title} (extension type 0x${extension.toString(16).padStart(4, '0')})`,
    '',
    '| type | message | | fields |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

function row(name: string, { type, channel, tlvs, fields }: MessageSpec): string {
  const marks = [channel ? 'ch' : '', tlvs ? 'tlv' : ''].filter((mark) => mark !== '').join(' ');
  const listed = Object.entries(fields).map(([field, { spec }]) => `\`${field}\` ${spec}`);
  return `| 0x${type.toString(16).padStart(2, '0')} | ${name} | ${marks} | ${listed.join(', ')} |`;
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    const [prose = ''] = readFileSync(page, 'utf8').split(`${heading}\n`);
    writeFileSync(page, `${prose}${messagesSection()}`);
  } else {
    console.log(messagesSection());
  }
}
