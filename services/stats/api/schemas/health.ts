import { type Static, Type } from 'typebox';
import { asOf, count, flag, list, nullable, object, text, time } from './fields.ts';

/** `ok`, `failing` for what is wrong, `unknown` for what was not looked at yet or can't be known. */
const state = Type.Enum(['ok', 'failing', 'unknown'], { description: 'how it is' });

export const dependencySchema = object({
  name: text('what it is, as "chain" or "mint-link": stable, for programs and metrics'),
  title: text('the same for people'),
  state,
  matters: flag('whether the side does not work while this fails'),
  since: time('since when it is in this state'),
  why: text('how it is, in words'),
  remedy: text('what to do; empty where all is well'),
  latency_ms: nullable(count('how long the probe took')),
});

/** `GET /health` */
export const healthSchema = object({
  as_of: asOf,
  side: Type.Enum(['pool', 'proxy']),
  ok: flag('whether all that matters works'),
  verdict: text('"OK", or the faults in words'),
  dependencies: list(dependencySchema, 'all that the side depends on'),
});

export type Dependency = Static<typeof dependencySchema>;
export type DependencyState = Static<typeof state>;
export type Health = Static<typeof healthSchema>;
