import { fromHex, toHex, utf8 } from '../../../protocols/bytes.ts';
import type { Share } from '../channel.ts';
import type { OpenRequest } from '../session.ts';
import { ShareOwner } from '../share-owner.ts';
import type { LineBuffer } from './line-buffer.ts';

/** A channel as it must be known to be resumed by another process. */
export interface JournalledChannel {
  /** The pool, by host and port. */
  readonly upstream: string;
  readonly request: OpenRequest;
  readonly extranoncePrefix: Uint8Array;
  readonly extranonceSize: number;
}

/** A share that waits for the pool's answer. */
export interface JournalledShare {
  readonly sequence: number;
  readonly share: Share;
  readonly owner: ShareOwner;
}

/** What a line of the journal says. */
export type JournalLine =
  | { readonly kind: 'channel'; readonly id: number; readonly channel: JournalledChannel }
  | ({ readonly kind: 'share'; readonly id: number } & JournalledShare)
  | { readonly kind: 'done'; readonly id: number; readonly sequence: number };

/** A line of JSON, bytes as hex: a list that begins with its kind and the channel's number in this journal. */
export function channelLine(id: number, channel: JournalledChannel): string {
  const { request, upstream, extranoncePrefix, extranonceSize } = channel;
  const { userIdentity, nominalHashRate, maximumTargetLe, minExtranonceSize, lockingKey, resumeToken } =
    request;
  return lineOf([
    'channel',
    id,
    upstream,
    userIdentity,
    nominalHashRate,
    toHex(maximumTargetLe),
    minExtranonceSize,
    hexOrNull(lockingKey),
    hexOrNull(resumeToken),
    toHex(extranoncePrefix),
    extranonceSize,
  ]);
}

const SHARE = utf8('["share",');
const DONE = utf8('["done",');
const END = utf8(']\n');
const COMMA = 0x2c;
const QUOTE = 0x22;

/** Puts the line of a share; `id` is its channel's. */
export function putShare(lines: LineBuffer, id: number, { sequence, share, owner }: JournalledShare): void {
  lines.bytes(SHARE);
  putNumber(lines, id);
  putNumber(lines, sequence);
  putNumber(lines, share.jobId);
  putNumber(lines, share.version);
  putNumber(lines, share.ntime);
  putNumber(lines, share.nonce);
  lines.byte(QUOTE);
  lines.hex(share.extranonce);
  lines.byte(QUOTE);
  lines.byte(COMMA);
  lines.bytes(owner.journalText);
  lines.bytes(END);
}

function putNumber(lines: LineBuffer, u32: number): void {
  lines.decimal(u32);
  lines.byte(COMMA);
}

/** Puts the line of a share that was answered. */
export function putDone(lines: LineBuffer, id: number, sequence: number): void {
  lines.bytes(DONE);
  putNumber(lines, id);
  lines.decimal(sequence);
  lines.bytes(END);
}

/** @returns undefined for what is no line of ours: a crash can leave a torn one */
export function parseLine(line: string): JournalLine | undefined {
  try {
    const fields: unknown = JSON.parse(line);
    return Array.isArray(fields) ? readLine(new Fields(fields)) : undefined;
  } catch {
    return undefined;
  }
}

function readLine(fields: Fields): JournalLine | undefined {
  const kind = fields.text();
  const id = fields.number();
  switch (kind) {
    case 'channel':
      return { kind, id, channel: readChannel(fields) };
    case 'share':
      return { kind, id, sequence: fields.number(), share: readShare(fields), owner: readOwner(fields) };
    case 'done':
      return { kind, id, sequence: fields.number() };
    default:
      return undefined;
  }
}

function readChannel(fields: Fields): JournalledChannel {
  const upstream = fields.text();
  const request: OpenRequest = {
    userIdentity: fields.text(),
    nominalHashRate: fields.number(),
    maximumTargetLe: fields.bytes(),
    minExtranonceSize: fields.number(),
    lockingKey: fields.bytesOrNothing(),
    resumeToken: fields.bytesOrNothing(),
  };
  return { upstream, request, extranoncePrefix: fields.bytes(), extranonceSize: fields.number() };
}

function readShare(fields: Fields): Share {
  return {
    jobId: fields.number(),
    version: fields.number(),
    ntime: fields.number(),
    nonce: fields.number(),
    extranonce: fields.bytes(),
  };
}

function readOwner(fields: Fields): ShareOwner {
  return new ShareOwner(fields.text(), fields.bytesOrNothing());
}

/** The fields of a line in their order; each throws where it is of another kind. */
class Fields {
  readonly #fields: readonly unknown[];
  #at = 0;

  constructor(fields: readonly unknown[]) {
    this.#fields = fields;
  }

  text(): string {
    const field = this.#next();
    if (typeof field === 'string') return field;
    throw new TypeError(`field ${this.#at} of a journal's line must be a text`);
  }

  number(): number {
    const field = this.#next();
    if (typeof field === 'number') return field;
    throw new TypeError(`field ${this.#at} of a journal's line must be a number`);
  }

  bytes(): Uint8Array {
    return fromHex(this.text());
  }

  bytesOrNothing(): Uint8Array | undefined {
    if (this.#fields[this.#at] !== null) return this.bytes();
    this.#at++;
    return undefined;
  }

  #next(): unknown {
    return this.#fields[this.#at++];
  }
}

function lineOf(fields: readonly unknown[]): string {
  return `${JSON.stringify(fields)}\n`;
}

function hexOrNull(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : toHex(bytes);
}
