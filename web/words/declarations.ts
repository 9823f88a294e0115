/** Why declared jobs are refused, by their codes. */
export const declarationRefusals: Readonly<Record<string, string>> = {
  'invalid-mining-job-token': 'a token that is used, old, or none of ours',
  'missing-txs': 'transactions that did not come',
  'bad-transaction': 'a transaction that is none',
  'invalid-coinbase-tx': 'a coinbase that is none',
  'invalid-coinbase-tx-outputs': 'a coinbase that does not pay the pool',
  'invalid-job': 'a block that the node would not take',
  'stale-chain-tip': 'made for a block that is not the tip',
  'too-many-declarations': 'too many at once',
  'internal-error': 'a trouble of the jd-server’s own',
};
