import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import { extensionNames } from '../../protocols/sv2/extensions/request-extensions.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { MessageHandler, Sv2Connection } from '../../runtime/sv2/connection.ts';
import { serveExtensions } from '../../runtime/sv2/extensions.ts';

/** Extension types that a mining server can speak. */
export const SPOKEN_EXTENSIONS: readonly number[] = [WORKER_NAME_EXTENSION, EHASH_EXTENSION];

/** Extension types that clients may use, and those of them without which they get no channel. */
export interface ExtensionTerms {
  readonly supported: readonly number[];
  readonly required: readonly number[];
}

/**
 * Takes a client's messages from now on: the negotiation of what is required first, all others after it. A client may
 * ask again with what it was told to add; one that goes on without is refused its channel and hung up on (extension
 * 0x0001, section 4). How long it may take is bounded by the time until the first channel.
 */
export function afterRequired(
  connection: Sv2Connection<MiningMessage>,
  { supported, required }: ExtensionTerms,
  receive: MessageHandler<MiningMessage>,
): void {
  if (required.length === 0) {
    connection.onMessage = receive;
    return;
  }
  connection.onMessage = (message) => {
    if (message.name === 'RequestExtensions') {
      if (serveExtensions(connection, message, supported, required)) connection.onMessage = receive;
      return;
    }
    if (message.name === 'OpenExtendedMiningChannel' || message.name === 'OpenStandardMiningChannel') {
      const { request_id } = message;
      connection.send({ name: 'OpenMiningChannel.Error', request_id, error_code: 'extension-required' });
    }
    connection.close(`it sent ${message.name} and had not agreed to extension ${extensionNames(required)}`);
  };
}
