import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';

/** Bytewords (BCR-2020-012), four letters each, in the order of the bytes that they stand for. */
const WORDS =
  'ableacidalsoapexaquaarchatomauntawayaxisbackbaldbarnbeltbetabiasbluebodybragbrewbulbbuzzcalmcashcatschefcityclaw' +
  'codecolacookcostcruxcurlcuspcyandarkdatadaysdelidicedietdoordowndrawdropdrumdulldutyeacheasyechoedgeepicevenexam' +
  'exiteyesfactfairfernfigsfilmfishfizzflapflewfluxfoxyfreefrogfuelfundgalagamegeargemsgiftgirlglowgoodgraygrimguru' +
  'gushgyrohalfhanghardhawkheathelphighhillholyhopehornhutsicedideaidleinchinkyintoirisironitemjadejazzjoinjoltjowl' +
  'judojugsjumpjunkjurykeepkenokeptkeyskickkilnkingkitekiwiknoblamblavalazyleaflegsliarlimplionlistlogoloudloveluau' +
  'lucklungmainmanymathmazememomenumeowmildmintmissmonknailnavyneednewsnextnoonnotenumbobeyoboeomitonyxopenovalowls' +
  'paidpartpeckplaypluspoempoolposepuffpumapurrquadquizraceramprealredorichroadrockroofrubyruinrunsrustsafesagascar' +
  'setssilkskewslotsoapsolosongstubsurfswantacotasktaxitenttiedtimetinytoiltombtoystriptunatwinuglyundouniturgeuser' +
  'vastveryvetovialvibeviewvisavoidvowswallwandwarmwaspwavewaxywebswhatwhenwhizwolfworkyankyawnyellyogayurtzapszero' +
  'zestzinczonezoom';
const bytesOf = new Map(
  (WORDS.match(/..../g) ?? []).map((word, byte) => [`${word.charAt(0)}${word.charAt(3)}`, byte]),
);

/** The text that the parts of an animated QR code carry, as a wallet reads it: in any order, each checked. */
export function readUr(parts: readonly string[]): string {
  const fragments = new Map<number, Buffer>();
  let whole = { count: 0, length: 0, checksum: 0 };
  for (const part of parts) {
    const [, words = ''] = /^ur:bytes\/\d+-\d+\/([a-z]+)$/.exec(part.toLowerCase()) ?? [];
    const bytes = checked(Buffer.from((words.match(/../g) ?? []).map((pair) => bytesOf.get(pair) ?? -1)));
    const reader = new CborReader(bytes);
    assert.equal(reader.number(), 5);
    const index = reader.number();
    whole = { count: reader.number(), length: reader.number(), checksum: reader.number() };
    fragments.set(index, bytes.subarray(-reader.number()));
  }
  const order = Array.from({ length: whole.count }, (_, k) => fragments.get(k + 1) ?? Buffer.alloc(0));
  const message = Buffer.concat(order).subarray(0, whole.length);
  assert.equal(crc32(message), whole.checksum);
  return message.subarray(-new CborReader(message).number()).toString();
}

/** Bytes without the CRC-32 at their end. */
function checked(bytes: Buffer): Buffer {
  const body = bytes.subarray(0, -4);
  assert.equal(bytes.readUInt32BE(body.length), crc32(body));
  return body;
}

/** The numbers of CBOR's heads, one after the other, whatever their major type. */
class CborReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(): number {
    const small = this.#bytes.readUInt8(this.#at++) & 0x1f;
    if (small < 24) return small;
    const length = 2 ** (small - 24);
    this.#at += length;
    return this.#bytes.readUIntBE(this.#at - length, length);
  }
}
