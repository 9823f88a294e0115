/** What unlocked a proof (NUT-07). */
export const witnesses = `
    -- What unlocked a locked proof, as its spender sent it: wallets ask for the preimage (NUT-07, NUT-14).
    ALTER TABLE spent ADD COLUMN witness TEXT;
    `;
