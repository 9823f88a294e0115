import type { Database } from '../../../runtime/sql/database.ts';
import { bigInteger } from '../store/row.ts';

/**
 * What is wrong with payouts in coinbases, in words: what blocks have paid is what has left the balances by them, and no
 * block has paid more than its coinbase had beside the pool's part.
 */
export function coinbaseContradictions(db: Database): string[] {
  const sums = db.prepare(`
    SELECT CAST((SELECT coalesce(sum(paid), 0) FROM settled_coinbases) AS BIGINT) AS blocks,
      CAST((SELECT coalesce(sum(paid), 0) FROM payout_holds WHERE purpose = 'coinbase') AS BIGINT) AS balances`);
  const over = db.prepare(`
    SELECT b.height, s.paid + s.unowed AS payouts, b.value, b.coinbase_value
    FROM settled_coinbases AS s JOIN pool_blocks AS b ON b.hash = s.hash
    WHERE b.value + s.paid + s.unowed > b.coinbase_value ORDER BY b.height`);
  for (const statement of [sums, over]) statement.setReadBigInts(true);
  const row = sums.get() ?? {};
  const [blocks, balances] = [bigInteger(row, 'blocks'), bigInteger(row, 'balances')];
  return [
    ...(blocks === balances
      ? []
      : [`${blocks} sats of balances were paid by blocks, ${balances} have left balances by them`]),
    ...over.all().map((each) => {
      const of = (column: string) => bigInteger(each, column);
      const parts = `${of('value')} sats to the pool and ${of('payouts')} of balances`;
      return `block ${of('height')} pays ${parts}, and its coinbase has ${of('coinbase_value')}`;
    }),
  ];
}
