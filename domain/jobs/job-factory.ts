import { type ExtendedJob, perTag } from './extended-job.ts';
import { JobIds } from './job-ids.ts';
import {
  type JobPayouts,
  type NewTemplate,
  type PoolCoinbase,
  poolCoinbaseParts,
  taggedCoinbasePrefix,
} from './pool-coinbase.ts';

/** Makes jobs of templates. */
export class JobFactory {
  readonly #ids: JobIds;

  /** @param firstId see {@link JobIds} */
  constructor(firstId: number) {
    this.#ids = new JobIds(firstId);
  }

  /** @throws HashpoolError 'coinbase-script-too-long' */
  make(template: NewTemplate, pool: PoolCoinbase, payouts?: JobPayouts): ExtendedJob {
    const id = this.#ids.next();
    const { prefix, suffix } = poolCoinbaseParts(template, pool, id, payouts);
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
