import { type Static, Type } from 'typebox';
import { object, text } from './fields.ts';

/** What any request that fails is answered. */
export const apiErrorSchema = object({
  code: text('stable, for programs'),
  message: text('in words: the field, what is wrong with it, what to do'),
  field: Type.Optional(text('the query parameter that is wrong')),
});

export type ApiError = Static<typeof apiErrorSchema>;
