import type { Static } from 'typebox';
import { asOf, count, list, nullable, object, sum, text, time } from './fields.ts';

/** `GET /api/declarations` */
export const declarationsSchema = object({
  as_of: asOf,
  sums: nullable(
    object(
      {
        at: time('when the jd-server told it'),
        clients: count('clients that are connected'),
        tokens: sum('tokens given'),
        declared: sum('jobs taken'),
        solutions: sum('blocks handed to the node'),
        refused: list(
          object({ reason: text('code of DeclareMiningJob.Error'), count: sum('jobs refused for it') }),
          'by reason',
        ),
      },
      "since the jd-server's process began; null where none has reported",
    ),
  ),
});

export type Declarations = Static<typeof declarationsSchema>;
