import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { dustSats } from '../../../domain/epochs/price.ts';
import { windowOf } from '../../../domain/epochs/redemption-window.ts';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { jsonInteger } from '../../../protocols/cashu/json.ts';
import type { Engine } from '../engine.ts';
import { holderStateOf } from '../epoch-state.ts';
import type { Redemptions } from '../redemption.ts';
import type { Epoch } from '../store/epochs.ts';
import { point, unitField } from './schemas.ts';

/** Epochs in one answer. */
export const MAX_EPOCHS = 100;

const query = Type.Object({
  pool: point,
  before: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: 'a height' })),
  limit: Type.Optional(Type.String({ pattern: '^([1-9]\\d?|100)$', description: 'a number of 1 to 100' })),
});
const ofUnit = Type.Object({ unit: unitField });

/** How epochs stand, and what their ehash is worth; see docs/ehash.md, "Epochs". */
export function epochs(http: FastifyInstance, engine: Engine, redemptions: Redemptions): void {
  http.get<{ Params: Static<typeof ofUnit> }>(
    '/v1/ehash/epochs/:unit',
    { schema: { params: ofUnit } },
    async ({ params: { unit } }) => {
      const epoch = await engine.store.call('epochByUnit', unit);
      if (!epoch) throw cashuError('unit-unsupported', `this mint has no epoch of unit ${unit}`);
      return answer(epoch);
    },
  );

  http.get<{ Querystring: Static<typeof query> }>(
    '/v1/ehash/epochs',
    { schema: { querystring: query } },
    async ({ query }) => {
      const poolId = fromHex(query.pool);
      const limit = Number(query.limit ?? MAX_EPOCHS);
      const height = Number(query.before ?? Number.MAX_SAFE_INTEGER);
      const found = await engine.store.call('epochsBefore', { poolId, height, limit });
      return {
        epochs: await Promise.all(found.map(answer)),
        next_before: found.length < limit ? null : (found.at(-1)?.openedHeight ?? null),
      };
    },
  );

  async function answer(epoch: Epoch) {
    const { price, closing, gifts } = epoch;
    const isOpen = epoch.standing === 'live' && !closing;
    const [redeemed, received, sums] = await Promise.all([
      engine.store.call('redeemed', epoch.epoch),
      isOpen ? engine.store.call('rewardsReceived', epoch.poolId) : 0n,
      price ? { work: price.work } : engine.store.call('epochWork', epoch.epoch),
    ]);
    const window = windowOf(epoch);
    const dust = price ? dustSats(price, redeemed.ehash, redeemed.sats) : 0n;
    return {
      unit: epoch.unit,
      keyset: epoch.keysetId,
      pool_id: toHex(epoch.poolId),
      state: holderStateOf(epoch, redemptions.tip),
      opened_height: epoch.openedHeight,
      closed_height: closing?.height ?? null,
      redeemable_from: window?.fromHeight ?? null,
      redeemable_before: window?.untilHeight ?? null,
      fee_ppm: epoch.feePpm,
      window_blocks: epoch.windowBlocks,
      policy: epoch.policy,
      minimum_difficulty: epoch.minimumDifficulty,
      work: jsonInteger(sums.work),
      reward: jsonInteger(price?.rewardSats ?? (closing?.reward ?? received) + gifts),
      fee: price ? jsonInteger(price.feeSats) : null,
      redeemed: {
        ehash: jsonInteger(redeemed.ehash - redeemed.autoEhash),
        sats: jsonInteger(redeemed.sats - redeemed.autoSats),
        dust: jsonInteger(dust),
      },
      auto_paid: {
        ehash: jsonInteger(redeemed.autoEhash),
        sats: jsonInteger(redeemed.autoSats),
      },
    };
  }
}
