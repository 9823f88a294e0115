import { type Static, Type } from 'typebox';
import { asOf, count, hash, list, nullable, object, sum, text, time } from './fields.ts';

export const blockSchema = object({
  hash: hash("the block's hash"),
  height: nullable(count('null until the mint, which watches the chain, has seen it')),
  state: Type.Enum(['sent', 'found', 'confirmed', 'orphaned'], {
    description:
      'sent: handed to the node; found: in the chain; confirmed: final; orphaned: not in the chain',
  }),
  confirmations: count('as the mint said last, itself included'),
  found_at: time('when its share came'),
  value_sat: nullable(sum('what its coinbase pays the pool')),
  miner_id: nullable(count('who found it, for /api/miners/:id')),
  miner: text('the name; empty where it is not known'),
});

/** `GET /api/blocks` */
export const blocksSchema = object({
  as_of: asOf,
  page: count('as asked'),
  limit: count('as asked'),
  total: count('blocks on all pages'),
  blocks: list(blockSchema, 'this page, the newest first'),
});

export type Block = Static<typeof blockSchema>;
export type Blocks = Static<typeof blocksSchema>;
