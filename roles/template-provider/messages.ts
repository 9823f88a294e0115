import type { FittedBlock } from '../../domain/templates/fit-block.ts';
import { encodeOutputs } from '../../protocols/bitcoin/output.ts';
import { heightPush } from '../../protocols/bitcoin/script.ts';
import { compactToTarget, powerTarget, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';

const COINBASE_VERSION = 2;
/** Not final, so that the lock time counts (BIP54). */
const COINBASE_SEQUENCE = 0xfffffffe;

type NewTemplate = Extract<TemplateMessage, { name: 'NewTemplate' }>;
type SetNewPrevHash = Extract<TemplateMessage, { name: 'SetNewPrevHash' }>;

/**
 * A fitted block as TDP's NewTemplate.
 * @param isFuture true where a SetNewPrevHash follows that puts it to use
 */
export function newTemplate(id: bigint, block: FittedBlock, isFuture: boolean): NewTemplate {
  const outputs =
    block.witnessCommitment === undefined ? [] : [{ value: 0n, script: block.witnessCommitment }];
  return {
    name: 'NewTemplate',
    template_id: id,
    future_template: isFuture,
    version: block.template.version,
    coinbase_tx_version: COINBASE_VERSION,
    coinbase_prefix: heightPush(block.template.height),
    coinbase_tx_input_sequence: COINBASE_SEQUENCE,
    coinbase_tx_value_remaining: block.coinbaseValue,
    coinbase_tx_outputs_count: outputs.length,
    coinbase_tx_outputs: encodeOutputs(outputs),
    // BIP54: a coinbase locked to the height before its own can never be made twice.
    coinbase_tx_locktime: block.template.height - 1,
    merkle_path: [...block.merklePath],
  };
}

/**
 * The chain's tip as TDP's SetNewPrevHash for the template `id`.
 * @param blockTargetBits leading zero bits that a block must have where the chain's own target is easier; the spec
 *   lets a template provider send a harder target than nBits
 */
export function setNewPrevHash(
  id: bigint,
  block: FittedBlock,
  blockTargetBits: number | undefined,
): SetNewPrevHash {
  const { prevHashLe, currentTime, minimumTime, bits } = block.template;
  const chainTarget = compactToTarget(bits);
  const wanted = blockTargetBits === undefined ? chainTarget : powerTarget(blockTargetBits);
  const isHarder = wanted < chainTarget;
  return {
    name: 'SetNewPrevHash',
    template_id: id,
    prev_hash: prevHashLe,
    header_timestamp: Math.max(currentTime, minimumTime),
    nBits: bits,
    target: targetToLeBytes(isHarder ? wanted : chainTarget),
  };
}
