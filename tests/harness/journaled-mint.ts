/** Of a mint's config: a journal in `folder`, and invoices that pay themselves at once. */
export function journaledPayments(folder: string): string {
  return `
[backup]
journal_path = "${folder}"
[payments]
[payments.bolt11]
backend = "fake"
[payments.fake]
pays_after_ms = 0
`;
}

/** A node that is never there, for what needs none. */
export const ABSENT_NODE = { rpcUrl: 'http://127.0.0.1:1', rpcAuth: 'nobody:nothing' };
