import type { ExtendedJob } from './extended-job.ts';
import { type NewTemplate, type PoolCoinbase, poolCoinbaseParts } from './pool-coinbase.ts';

/** Makes jobs of templates. Ids are one sequence for all channels, so that a job is the same for each of them. */
export class JobFactory {
  #nextId = 1;

  /** @throws HashpoolError 'coinbase-script-too-long' */
  make(template: NewTemplate, pool: PoolCoinbase): ExtendedJob {
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    const { prefix, suffix } = poolCoinbaseParts(template, pool, id);
    return {
      id,
      templateId: template.template_id,
      version: template.version,
      versionRollingAllowed: true,
      coinbasePrefix: prefix,
      coinbaseSuffix: suffix,
      merklePath: template.merkle_path,
    };
  }
}
