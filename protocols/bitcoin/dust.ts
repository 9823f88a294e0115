/** What nodes ask at least for a kilobyte of what spending an output would take, in sats. */
const DUST_RATE = 3_000n;
/** Bytes that spending takes, without and with witness. */
const SPEND_BYTES = { legacy: 148n, witness: 67n } as const;

/**
 * The least that an output may hold so that nodes pass its transaction on (bitcoind's GetDustThreshold).
 * @returns sats
 */
export function dustLimit(script: Uint8Array): bigint {
  const outputBytes = 8n + 1n + BigInt(script.length);
  const spendBytes = witnessVersion(script) === undefined ? SPEND_BYTES.legacy : SPEND_BYTES.witness;
  return ((outputBytes + spendBytes) * DUST_RATE) / 1_000n;
}

/** The version of a witness program (BIP141); undefined for any other script. */
export function witnessVersion(script: Uint8Array): number | undefined {
  const [opcode = 0, length = 0] = script;
  if (script.length < 4 || script.length > 42 || script.length !== length + 2) return undefined;
  if (opcode === 0) return 0;
  return opcode >= 0x51 && opcode <= 0x60 ? opcode - 0x50 : undefined;
}
