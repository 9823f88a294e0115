import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { TemplateClient } from '../../services/template-client/client.ts';
import { foundBlock, solutionOf } from '../../services/template-client/found-block.ts';
import type { Work } from './work.ts';

/** Hands found blocks in: to the node and to the jd-server at once; to the pool each goes as the share that it is. */
export class Blocks {
  readonly #provider: Pick<TemplateClient, 'submitSolution'>;
  readonly #work: Pick<Work, 'of'>;
  readonly #log: Pick<Logger, 'info' | 'error'>;
  #found = 0;

  constructor(
    provider: Pick<TemplateClient, 'submitSolution'>,
    work: Pick<Work, 'of'>,
    log: Pick<Logger, 'info' | 'error'>,
  ) {
    this.#provider = provider;
    this.#work = work;
    this.#log = log;
  }

  /** Since the start. */
  get found(): number {
    return this.#found;
  }

  take(found: HashedWork): void {
    this.#found++;
    const made = this.#work.of(found);
    const hash = toHex(reversed(found.hashLe));
    if (!made) {
      this.#log.error({ hash, alert: 'block-at-risk' }, 'a block was found of a job that is forgotten');
      return;
    }
    const { job, taker } = made;
    const templateId = job.template.template_id;
    this.#provider.submitSolution(solutionOf({ ...foundBlock(found), templateId }));
    taker.push(job, found);
    this.#log.info({ hash, for: taker.name }, 'block found and handed in');
  }
}
