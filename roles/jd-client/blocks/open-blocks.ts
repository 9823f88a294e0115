import { HashpoolError } from '../../../protocols/errors.ts';
import type { RoleContext } from '../../../runtime/lifecycle.ts';
import type { HandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';
import type { TemplateClient } from '../../../services/template-client/client.ts';
import type { JdClientConfig, JdClientShared } from '../config.ts';
import { type JdClientSettings, poolName } from '../settings.ts';
import type { TransactionsOfTemplates } from '../template-transactions.ts';
import type { Work } from '../work.ts';
import { BlockFile } from './block-file.ts';
import { Blocks } from './blocks.ts';
import { declareLate } from './declare-late.ts';

interface BlocksParts {
  readonly context: Pick<
    RoleContext<JdClientConfig, JdClientShared>,
    'config' | 'log' | 'statePath' | 'stopping'
  >;
  readonly settings: JdClientSettings;
  readonly workers: HandshakeWorkers;
  readonly provider: TemplateClient;
  readonly transactions: TransactionsOfTemplates;
  readonly work: Work;
}

/** @throws HashpoolError 'found-blocks-unusable' */
export function openBlocks({
  context: { config, log, statePath, stopping },
  settings,
  workers,
  provider,
  transactions,
  work,
}: BlocksParts): Blocks {
  const access = {
    isDeclared: true,
    deviceId: config.user_identity,
    userIdentity: config.user_identity,
    workers,
    log,
    signal: stopping,
  };
  return new Blocks({
    provider,
    work,
    file: new BlockFile(statePath(config.found_blocks_path), log),
    transactionsOf: async (templateId) => (await transactions.of(templateId)).data,
    declareLate(pushed, list) {
      const upstream = settings.upstreams.find(({ pool }) => poolName(pool) === pushed.pool);
      if (upstream) return declareLate(pushed, list, { ...access, server: upstream.jobDeclarator });
      const words = `${pushed.pool} is none of the upstreams in the config any more`;
      return Promise.reject(new HashpoolError('unknown-pool', words));
    },
    log,
  });
}
