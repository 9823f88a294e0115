import { type Static, Type } from 'typebox';
import { asOf, count, flag, list, nullable, object, sum, text, time } from './fields.ts';

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
  own: nullable(
    object(
      {
        at: time('when the jd-client told it'),
        pools: list(
          object({
            name: text('host and port, or solo'),
            in_use: flag('whether it is mined for'),
            state: Type.Enum(['ok', 'failing', 'unknown'], { description: 'unknown: it is not tried' }),
            why: text('how it is, in words'),
          }),
          'in order of preference, solo mining last',
        ),
        made: sum('jobs made for pools'),
        accepted: sum('jobs that their pools have taken'),
        refused: list(
          object({ reason: text("the jd-server's or the pool's code"), count: sum('answers with it') }),
          'by reason; a job may be refused more than once, and taken in the end',
        ),
        shares: object({
          accepted: sum('those that their pool has acknowledged, or that were mined solo'),
          refused: sum('those that it has refused'),
          lost: sum('those of which nobody can say what became of them'),
          waiting: count('those without an answer yet'),
        }),
        blocks: sum('blocks found'),
        blocks_unseen: count('blocks that the node is not known to have'),
      },
      "since the jd-client's process began; null where none has reported",
    ),
  ),
});

export type Declarations = Static<typeof declarationsSchema>;
