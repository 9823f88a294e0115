import { toHex } from './bytes.ts';
import { HashpoolError } from './errors.ts';

/** The longest line of version 1, its CRLF included. */
const MAX_LINE_BYTES = 107;
/** The fixed part of version 2: signature, command, family, length. */
const FIXED_BYTES = 16;
/** The longest rest of version 2 that is read: addresses and the fields that proxies add. */
const MAX_REST_BYTES = 2048;
/** No header is longer. */
export const MAX_PROXY_HEADER_BYTES = FIXED_BYTES + MAX_REST_BYTES;

/** How an IPv6 address begins that stands for one of IPv4 (RFC 4291, 2.5.5.2). */
const MAPPED = '00000000000000000000ffff';
const V1 = Uint8Array.of(0x50, 0x52, 0x4f, 0x58, 0x59, 0x20);
const V2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

/** Who connected to the proxy. */
export interface ProxiedClient {
  /** IPv4 dotted or IPv6, without brackets. */
  readonly address: string;
  readonly port: number;
}

export interface ProxyHeader {
  /** Bytes of the header; what follows is the client's. */
  readonly length: number;
  /** Undefined where the proxy speaks for itself (LOCAL, UNKNOWN), or for no address of TCP. */
  readonly client: ProxiedClient | undefined;
}

/**
 * Reads a PROXY protocol header, version 1 or 2 (HAProxy's proxy-protocol.txt, 2.1 and 2.2), off a connection's beginning.
 * @returns undefined while more bytes are needed, at most MAX_PROXY_HEADER_BYTES in all
 * @throws HashpoolError 'bad-proxy-header'
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (startsLike(bytes, V2)) return bytes.length < FIXED_BYTES ? undefined : parseV2(bytes);
  if (startsLike(bytes, V1)) return parseV1(bytes);
  throw bad('it begins with no signature of the PROXY protocol');
}

/** True where a connection begins with a whole signature of the PROXY protocol. */
export function hasProxySignature(bytes: Uint8Array): boolean {
  return [V1, V2].some((signature) => bytes.length >= signature.length && startsLike(bytes, signature));
}

/** `PROXY TCP4 source destination port port CRLF` */
function parseV1(bytes: Uint8Array): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf(0x0a);
  if (end < 0) {
    if (bytes.length < MAX_LINE_BYTES) return undefined;
    throw bad(`no line ends within ${MAX_LINE_BYTES} bytes`);
  }
  if (bytes[end - 1] !== 0x0d) throw bad('the line must end with CRLF');
  const line = String.fromCharCode(...bytes.subarray(0, end - 1));
  const length = end + 1;
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { length, client: undefined };
  const [, family, ...words] = line.split(' ');
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  const isAddress = family === 'TCP4' ? isIpv4 : family === 'TCP6' ? isIpv6 : undefined;
  if (isAddress === undefined || words.length !== 4) throw bad('the line must name TCP4, TCP6 or UNKNOWN');
  if (!isAddress(source) || !isAddress(destination)) throw bad(`the addresses are not ${family}`);
  if (!isPort(sourcePort) || !isPort(destinationPort)) throw bad('the ports are not 0 to 65535');
  return { length, client: { address: source, port: Number(sourcePort) } };
}

/** signature 12 | version, command | family, protocol | length U16 | source | destination | ports | TLVs */
function parseV2(bytes: Uint8Array): ProxyHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [command, family, rest] = [view.getUint8(12), view.getUint8(13), view.getUint16(14)];
  if (command !== 0x20 && command !== 0x21) throw bad('its version is not 2, or its command unknown');
  if (rest > MAX_REST_BYTES) throw bad(`it has ${rest} bytes, more than ${MAX_REST_BYTES}`);
  if (family >> 4 > 3 || (family & 0x0f) > 2) throw bad('its address family or protocol is unknown');
  const length = FIXED_BYTES + rest;
  if (bytes.length < length) return undefined;
  const size = { 17: 4, 33: 16 }[family];
  if (command === 0x20 || size === undefined) return { length, client: undefined };
  if (rest < 2 * size + 4) throw bad('it is too short for its addresses');
  const source = bytes.subarray(FIXED_BYTES, FIXED_BYTES + size);
  return { length, client: { address: addressText(source), port: view.getUint16(FIXED_BYTES + 2 * size) } };
}

function startsLike(bytes: Uint8Array, signature: Uint8Array): boolean {
  const shared = Math.min(bytes.length, signature.length);
  return signature.subarray(0, shared).every((byte, index) => byte === bytes[index]);
}

/** An IPv4 address that stands in IPv6 is one of IPv4: else all of them would be one network. */
function addressText(bytes: Uint8Array): string {
  const isMapped = bytes.length === 16 && toHex(bytes.subarray(0, 12)) === MAPPED;
  if (isMapped || bytes.length === 4) return bytes.subarray(-4).join('.');
  return (toHex(bytes).match(/.{4}/g) ?? []).join(':');
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Eight groups, or fewer around one `::`; the last two may be IPv4's. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const endsInIpv4 = isIpv4(last);
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups;
  const count = groups.length + (endsInIpv4 ? 1 : 0);
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function bad(words: string): HashpoolError {
  return new HashpoolError('bad-proxy-header', `the PROXY protocol header is malformed: ${words}`);
}
