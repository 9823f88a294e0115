import { type ExtendedJob, perTag } from './extended-job.ts';
import {
  type NewTemplate,
  type PoolCoinbase,
  poolCoinbaseParts,
  taggedCoinbasePrefix,
} from './pool-coinbase.ts';

/** Makes jobs of templates. Ids are one sequence for all channels, so that a job is the same for all with one tag. */
export class JobFactory {
  #nextId: number;

  /**
   * @param firstId unsigned 32-bit but not 0; random, so that no job of a pool that starts again, or of another one, is
   *   taken for a job of this one
   */
  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  /** @throws HashpoolError 'coinbase-script-too-long' */
  make(template: NewTemplate, pool: PoolCoinbase): ExtendedJob {
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    const { prefix, suffix } = poolCoinbaseParts(template, pool, id);
    const job: ExtendedJob = {
      id,
      templateId: template.template_id,
      version: template.version,
      versionRollingAllowed: true,
      coinbasePrefix: prefix,
      coinbaseSuffix: suffix,
      merklePath: template.merkle_path,
      withTag: perTag(
        () => job,
        (tag) => ({ ...job, coinbasePrefix: taggedCoinbasePrefix(template, pool, id, tag) }),
      ),
    };
    return job;
  }
}
