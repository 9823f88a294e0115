import { sha256d } from '../../../protocols/bitcoin/hash.ts';
import { fromUtf8 } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { JobDeclarationMessage } from '../../../protocols/sv2/job-declaration.ts';
import { connectDeclarator, type DeclaratorAccess } from '../upstream/declarator-link.ts';
import type { PushedBlock } from './kept-block.ts';

/** For all of it, the jd-server's wait for its tip and for transactions included. */
const LIMIT_MS = 60_000;
const ASKED = 1;
const DECLARED = 2;

/** The jd-server has the block; or its node is on another tip, most likely the block itself. */
export type LateOutcome = 'pushed' | 'stale';

/**
 * Hands a found block to a jd-server that may have forgotten its job: declares the job once more, on a connection of
 * its own, and pushes the solution.
 * @param transactions whole and in block order
 * @throws HashpoolError as connectSv2; 'declaration-refused' with the jd-server's words; 'sv2-closed'
 */
export async function declareLate(
  { declaration, solution }: PushedBlock,
  transactions: readonly Uint8Array[],
  access: DeclaratorAccess & { readonly userIdentity: string; readonly signal: AbortSignal },
): Promise<LateOutcome> {
  const connection = await connectDeclarator(access, access.signal);
  const { promise, resolve, reject } = Promise.withResolvers<LateOutcome>();
  const limit = setTimeout(() => connection.close('a found block takes it too long'), LIMIT_MS);
  const abort = (): void => connection.close('the jd-client stops');
  access.signal.addEventListener('abort', abort, { once: true });
  const take = (message: JobDeclarationMessage): void => {
    switch (message.name) {
      case 'AllocateMiningJobToken.Success':
        connection.send({
          ...declaration,
          request_id: DECLARED,
          mining_job_token: message.mining_job_token,
          wtxid_list: transactions.map(sha256d),
        });
        break;
      case 'ProvideMissingTransactions':
        connection.send({
          name: 'ProvideMissingTransactions.Success',
          request_id: message.request_id,
          transaction_list: message.unknown_tx_position_list.map(
            (place) => transactions[place] ?? new Uint8Array(0),
          ),
        });
        break;
      case 'DeclareMiningJob.Success':
        connection.send(solution);
        resolve('pushed');
        break;
      case 'DeclareMiningJob.Error':
        if (message.error_code === 'stale-chain-tip') resolve('stale');
        else reject(refusal(message.error_code, message.error_details));
        break;
      default:
    }
  };
  connection.onMessage = take;
  void connection.closed.then(({ reason }) => reject(new HashpoolError('sv2-closed', reason)));
  connection.send({
    name: 'AllocateMiningJobToken',
    user_identifier: access.userIdentity,
    request_id: ASKED,
  });
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    access.signal.removeEventListener('abort', abort);
    connection.close('the found block is with the jd-server');
  }
}

function refusal(code: string, details: Uint8Array): HashpoolError {
  const words = fromUtf8(details.subarray(0, 1000));
  return new HashpoolError('declaration-refused', `the jd-server refused the job: ${code}: ${words}`);
}
