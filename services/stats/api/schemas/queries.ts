import { type Static, Type } from 'typebox';

/** Two years: how long hours are kept. */
export const MAX_HOURS = 17_520;
export const MAX_LIMIT = 500;

const hours = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: MAX_HOURS,
    default: 24,
    description: 'length of the window, ending now',
  }),
);
const page = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1, description: 'from 1' }),
);
const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: 50, description: 'entries on a page' }),
);
const closed = { additionalProperties: false };

export const noQuery = Type.Object({}, closed);
export const windowQuery = Type.Object({ hours }, closed);
export const pageQuery = Type.Object({ page, limit }, closed);
export const windowPageQuery = Type.Object({ hours, page, limit }, closed);
export const hashrateQuery = Type.Object(
  {
    hours,
    miner: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 31, description: 'id of a miner; left out, all of the side' }),
    ),
  },
  closed,
);
export const minersQuery = Type.Object(
  {
    hours,
    page,
    limit,
    state: Type.Optional(Type.Enum(['ok', 'low', 'offline'], { description: 'only those in this state' })),
    search: Type.Optional(Type.String({ maxLength: 100, description: 'only names that contain this' })),
    sort: Type.Optional(
      Type.Enum(['hashrate', 'name', 'last_share'], { default: 'hashrate', description: 'the order' }),
    ),
  },
  closed,
);
export const minerParams = Type.Object(
  { id: Type.Integer({ minimum: 1, maximum: 2 ** 31, description: 'id of a miner' }) },
  closed,
);

export type WindowQuery = Required<Static<typeof windowQuery>>;
export type PageQuery = Required<Static<typeof pageQuery>>;
export type WindowPageQuery = Required<Static<typeof windowPageQuery>>;
export type HashrateQuery = WindowQuery & Pick<Static<typeof hashrateQuery>, 'miner'>;
export type MinersQuery = Required<Omit<Static<typeof minersQuery>, 'state' | 'search'>> &
  Pick<Static<typeof minersQuery>, 'state' | 'search'>;
