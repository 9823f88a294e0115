import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { fromHex, toHex, utf8 } from '../../protocols/bytes.ts';
import { refusals } from '../../protocols/sv1/errors.ts';
import {
  errorLine,
  notifyLine,
  requestLine,
  resultLine,
  setDifficultyLine,
  setExtranonceLine,
  setVersionMaskLine,
  showMessageLine,
} from '../../protocols/sv1/messages.ts';
import type { MessageTable, Protocol } from '../../protocols/sv2/codec.ts';
import { messagesOf } from '../unit/sv2/arbitraries.ts';
import { corpusFile } from './corpus.ts';
import { protocols } from './protocols.ts';

/**
 * `node tests/fuzz/make-corpus.ts`: writes anew what the project's own encoders contribute to the corpus, for when
 * messages were added. The files that end in `-edges` are made by hand.
 */

/** A third of what random values of each message come out as, the short ones. */
const KEPT = 3;
const SAMPLES = 9;
const SEED = 1;

function samples<M extends { readonly name: string }>(protocol: Protocol<M>, table: MessageTable): string[] {
  return messagesOf(table).flatMap(([name, arbitrary]) => {
    const frames = fc
      .sample(arbitrary, { numRuns: SAMPLES, seed: SEED })
      .map((message) => toHex(protocol.encode(message as M)));
    const short = frames.sort((a, b) => a.length - b.length).slice(0, KEPT);
    return [`# ${name}`, ...new Set(short)];
  });
}

const job = {
  jobId: '1a',
  prevHashLe: new Uint8Array(32).fill(9),
  coinbasePrefix: fromHex('0200000001'),
  coinbaseSuffix: fromHex('ffffffff00'),
  merklePath: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  version: 0x20000000,
  nbits: 0x1d00ffff,
  ntime: 1_800_000_000,
  cleanJobs: true,
};

const versionRolling = { 'version-rolling.mask': '1fffe000', 'version-rolling.min-bit-count': 2 };

/** A session's lines, of both ends. */
const sv1Lines = [
  requestLine(1, 'mining.configure', [['version-rolling', 'minimum-difficulty'], versionRolling]),
  requestLine(2, 'mining.subscribe', ['bitaxe/BM1370/v2.9.0']),
  requestLine('three', 'mining.authorize', ['bc1qexample.rig', 'x,d=1024']),
  requestLine(4, 'mining.suggest_difficulty', [1000.5]),
  requestLine(5, 'mining.submit', ['rig', '1a', '0011223344556677', '6b49d200', 'deadbeef', '00002000']),
  requestLine('seven', 'mining.authorize', ['rig', 'x;fd=0.5 d=abc']),
  requestLine(8, 'mining.suggest_target', [`00000000ffff${'0'.repeat(52)}`]),
  requestLine(9, 'mining.subscribe', ['cgminer/4.11', '00112233445566778899aabbccddeeff']),
  requestLine(10, 'mining.configure', [
    ['info', 'version-rolling', 'minimum-difficulty'],
    { 'info.sw-version': '1', 'version-rolling.min-bit-count': 2, 'minimum-difficulty.value': 0 },
  ]),
  requestLine(6, 'mining.extranonce.subscribe', []),
  resultLine(2, [[['mining.notify', '1']], '01020304', 8]),
  resultLine(5, true),
  errorLine(5, refusals.lowDifficulty),
  errorLine(null, refusals.badSubmit),
  notifyLine(job),
  setDifficultyLine('0.000244140625'),
  setExtranonceLine(fromHex('0a0b0c0d'), 8),
  setVersionMaskLine(0x1fffe000),
  showMessageLine('a few words'),
];

for (const [name, protocol] of Object.entries(protocols)) {
  const lines = protocol.tables.flatMap((table) => samples(protocol as Protocol<{ name: string }>, table));
  write(name as keyof typeof protocols, lines);
}
write(
  'sv1',
  sv1Lines.map((line) => toHex(utf8(line.trimEnd()))),
);

function write(name: keyof typeof protocols | 'sv1', lines: readonly string[]): void {
  writeFileSync(corpusFile(name), `# Made by make-corpus.ts\n${lines.join('\n')}\n`);
}
