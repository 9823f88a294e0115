import type { Static } from 'typebox';
import { asOf, count, list, nullable, object, rate, sum, time } from './fields.ts';

const figures = {
  created: count('shares that became quotes'),
  ehash: sum('their ehash'),
  acknowledged: count('stored at the mint'),
  refused: count('refused by the mint'),
  mean_delay_ms: nullable(rate('from a share to its quote at the mint')),
};

export const quotePointSchema = object({ at: time('end of the step'), ...figures });

/** `GET /api/quotes` */
export const quotesSchema = object({
  as_of: asOf,
  hours: count('as asked'),
  step_seconds: count('between two points'),
  total: object(figures),
  points: list(quotePointSchema, 'oldest first; steps without a quote are left out'),
});

export type QuotePoint = Static<typeof quotePointSchema>;
export type Quotes = Static<typeof quotesSchema>;
