import { HashpoolError } from '../../protocols/errors.ts';
import {
  answerRequestExtensions,
  type ExtensionMessage,
  extensionNames,
  type RequestExtensions,
  type RequestExtensionsAnswer,
} from '../../protocols/sv2/extensions/request-extensions.ts';
import type { AnyMessage, Sv2Connection } from './connection.ts';

/** How long a server may take before it counts as one that knows no extensions. */
export const NEGOTIATION_TIMEOUT_MS = 2000;

/**
 * Client: asks for extensions, first thing on a new connection, before its onMessage is set (extension 0x0001).
 * A server that answers with something else, or not at all, knows none; the something else is handled later. An answer
 * that comes too late reaches onMessage and is to be ignored.
 * @param requested extension types
 * @param options.spoken those that can be spoken here, asked for as well where the server insists on them
 * @returns the agreed ones, also added to connection.extensions
 * @throws HashpoolError `sv2-extension-required` when the server insists on one that is not spoken; `sv2-closed`
 */
export async function negotiateExtensions<M extends AnyMessage>(
  connection: Sv2Connection<M | ExtensionMessage>,
  requested: readonly number[],
  { spoken = requested, timeoutMs = NEGOTIATION_TIMEOUT_MS } = {},
): Promise<ReadonlySet<number>> {
  let asked = requested;
  let answer = await askForExtensions(connection, { request_id: 1, asked, timeoutMs });
  let missing = insistedOn(answer);
  if (missing.length > 0 && missing.every((extension) => spoken.includes(extension))) {
    asked = [...requested, ...missing];
    answer = await askForExtensions(connection, { request_id: 2, asked, timeoutMs });
    missing = insistedOn(answer);
  }
  if (missing.length > 0) {
    throw new HashpoolError(
      'sv2-extension-required',
      `the server insists on extensions that are not spoken here: ${extensionNames(missing)}`,
    );
  }
  if (answer?.name === 'RequestExtensions.Success') {
    for (const extension of answer.supported_extensions) {
      if (asked.includes(extension)) connection.extensions.add(extension);
    }
  }
  return connection.extensions;
}

function insistedOn(answer: RequestExtensionsAnswer | undefined): readonly number[] {
  return answer?.name === 'RequestExtensions.Error' ? answer.required_extensions : [];
}

/**
 * Server: answers a RequestExtensions.
 * @param supported extension types that can be spoken on this connection
 * @param required those of them without which it makes no sense
 * @returns whether the connection may go on; if not, the client is to come back with what is required or be hung up on
 */
export function serveExtensions<M extends AnyMessage>(
  connection: Sv2Connection<M | ExtensionMessage>,
  request: RequestExtensions,
  supported: readonly number[],
  required: readonly number[] = [],
): boolean {
  const answer = answerRequestExtensions(request, supported, required);
  connection.send(answer);
  if (answer.name === 'RequestExtensions.Error') return answer.required_extensions.length === 0;
  for (const extension of answer.supported_extensions) connection.extensions.add(extension);
  return true;
}

async function askForExtensions<M extends AnyMessage>(
  connection: Sv2Connection<M | ExtensionMessage>,
  { request_id, asked, timeoutMs }: { request_id: number; asked: readonly number[]; timeoutMs: number },
): Promise<RequestExtensionsAnswer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const answered = new Promise<RequestExtensionsAnswer | undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
    connection.onMessage = (message, tlvs) => {
      connection.onMessage = undefined;
      if (isAnswer(message)) return resolve(message);
      connection.unread(message, tlvs);
      resolve(undefined);
    };
  });
  const ended = connection.closed.then(({ reason }) => {
    throw new HashpoolError('sv2-closed', `the connection ended while extensions were negotiated: ${reason}`);
  });
  connection.send({ name: 'RequestExtensions', request_id, requested_extensions: asked });
  try {
    return await Promise.race([answered, ended]);
  } finally {
    clearTimeout(timer);
    connection.onMessage = undefined;
  }
}

function isAnswer(message: AnyMessage): message is RequestExtensionsAnswer {
  return message.name === 'RequestExtensions.Success' || message.name === 'RequestExtensions.Error';
}
