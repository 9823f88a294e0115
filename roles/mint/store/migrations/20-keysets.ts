/** Finds the keysets that sign among all that ever did. */
export const signingKeysets = `
    CREATE INDEX signing_keysets ON keysets (keyset) WHERE is_active = 1;
    `;
