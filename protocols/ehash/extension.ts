/** The experimental extension type of ehash, on mining connections and on the work link, until one is allocated. */
export const EHASH_EXTENSION = 0x4548;

/** TLV field on `SubmitSharesExtended` and `Open…Channel`: the locking key, a compressed point of 33 bytes. */
export const LOCKING_KEY_FIELD = 0x01;

/** TLV field on `Open…Channel`: the token of 16 bytes by which a cut link gets its channel back. */
export const RESUME_TOKEN_FIELD = 0x02;

export const LOCKING_KEY_BYTES = 33;
export const RESUME_TOKEN_BYTES = 16;

/** A pool keeps a cut channel for so long; a client has until then to come back. */
export const RESUME_LIMIT_MS = 120_000;

/** The worker-name extension (0x0002), whose TLV precedes ours on each share. */
export const WORKER_NAME_EXTENSION = 0x0002;
