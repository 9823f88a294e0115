import type { TestContext } from 'node:test';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { regtestNode, type TestNode } from './bitcoind.ts';
import { type PoolProcess, poolProcess } from './pool.ts';
import { templateProvider } from './template-provider.ts';
import { type TranslatorOptions, type TranslatorProcess, translatorProcess } from './translator.ts';
import { type WorkMint, workMint } from './work-mint.ts';

const NEVER_A_BLOCK = 40;

/** A translator that mines at a real pool, whose node and template provider are real too. */
export interface TranslatorScene extends TranslatorProcess {
  readonly node: TestNode;
  readonly mint: WorkMint;
  readonly pool: PoolProcess;
  /** One more translator at the same pool. */
  another(options: Pick<TranslatorOptions, 'config' | 'files'>): Promise<TranslatorProcess>;
}

/** Starts all of it; ends with the test. */
export async function translatorScene(
  t: Pick<TestContext, 'after'>,
  options: Pick<TranslatorOptions, 'config' | 'files'> = {},
): Promise<TranslatorScene> {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${NEVER_A_BLOCK}`] });
  const mint = await workMint(t);
  const pool = await poolProcess(t, {
    provider,
    mint,
    mintPort: mint.server.address.port,
    config: ['shares_per_minute = 60'],
  });
  await pool.role.says(/^serving miners$/);
  const another = async (changes: Pick<TranslatorOptions, 'config' | 'files'>) => {
    const translator = await translatorProcess(t, {
      poolPort: pool.port,
      poolKey: encodeAuthorityPublicKey(pool.authorityKey),
      paysEhash: true,
      ...changes,
    });
    await translator.role.says(/^connected to pool/);
    return translator;
  };
  return { node, mint, pool, another, ...(await another(options)) };
}
