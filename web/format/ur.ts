/**
 * First and last letters of the 256 words of Bytewords, in order (BCR-2020-012): the minimal style writes each byte as
 * two of them.
 */
const LETTERS =
  'aeadaoaxaaahamatayasbkbdbnbtbabsbebybgbwbbbzcmchcscfcycwcecackctcxclcpcndkdadsdidedtdrdndwdpdmdldyeheyeoeeecen' +
  'emetesftfrfnfsfmfhfzfpfwfxfyfefgflfdgagegrgsgtglgwgdgygmgughgohfhghdhkhthphhhlhyhehnhsidiaieihiyioisinimjejzjn' +
  'jtjljojsjpjkjykpkoktkskkknkgkekikblblalylflslrlplnltloldlelulklgmnmymhmemomumwmdmtmsmknlnyndnsntnnnenboyoeotox' +
  'onolospdptpkpypspmplpepfpaprqdqzrerprlrorhrdrkrfryrnrsrtsesasrssskswstspsosgsbsfsntotktitttdtetytltbtstptatnuy' +
  'uoutueurvtvyvovlvevwvavdvswlwdwmwpwewywswtwnwzwfwkykynylyaytzszoztzczezm';

/** Bytes of the message in one part: a code of it has squares that a phone tells apart from arm's length. */
const MOST_BYTES = 180;

const CBOR_BYTES = 0x40;
const CBOR_ARRAY_OF_5 = 0x85;
const CRC_POLYNOMIAL = 0xedb88320;

/**
 * Bytes as the parts of an animated QR code: `ur:bytes/1-3/…` in upper case, which takes less room in a code (UR,
 * BCR-2020-005; NUT-16). The parts are those of the message alone, to be shown over and over: who misses one waits for
 * it to come again.
 */
export function urParts(payload: Uint8Array, mostBytes = MOST_BYTES): string[] {
  const message = Uint8Array.from([...cborHead(CBOR_BYTES, payload.length), ...payload]);
  const count = Math.ceil(message.length / mostBytes);
  const size = Math.ceil(message.length / count);
  const checksum = crc32(message);
  return Array.from({ length: count }, (_, k) => {
    const fragment = new Uint8Array(size);
    fragment.set(message.subarray(k * size, (k + 1) * size));
    const part = [
      CBOR_ARRAY_OF_5,
      ...[k + 1, count, message.length, checksum].flatMap((number) => cborHead(0, number)),
      ...cborHead(CBOR_BYTES, size),
      ...fragment,
    ];
    return `ur:bytes/${k + 1}-${count}/${bytewords(Uint8Array.from(part))}`.toUpperCase();
  });
}

/** A major type with its number, in the fewest bytes (RFC 8949, 4.2.1). */
function cborHead(type: number, number: number): number[] {
  if (number < 24) return [type | number];
  if (number < 0x100) return [type | 24, number];
  if (number < 0x10000) return [type | 25, ...bigEndian(number).slice(2)];
  return [type | 26, ...bigEndian(number)];
}

/** Bytes and their checksum. */
function bytewords(bytes: Uint8Array): string {
  const all = [...bytes, ...bigEndian(crc32(bytes))];
  return all.map((byte) => LETTERS.slice(2 * byte, 2 * byte + 2)).join('');
}

/** CRC-32 of ISO 3309. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
  }
  return ~crc >>> 0;
}

function bigEndian(number: number): number[] {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff);
}
