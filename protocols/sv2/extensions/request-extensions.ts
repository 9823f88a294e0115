import { type MessageOf, message, messageTable } from '../codec.ts';
import { SEQ0_64K, U16 } from '../types.ts';

/** Extension type of the negotiation of extensions itself. */
export const EXTENSIONS_NEGOTIATION = 0x0001;

/** Extension 0x0001, section 2. Its request_id is 16 bits wide, unlike all others. */
export const requestExtensionsMessages = messageTable('Extensions negotiation', EXTENSIONS_NEGOTIATION, {
  RequestExtensions: message(0x00, { request_id: U16, requested_extensions: SEQ0_64K(U16) }),
  'RequestExtensions.Success': message(0x01, { request_id: U16, supported_extensions: SEQ0_64K(U16) }),
  'RequestExtensions.Error': message(0x02, {
    request_id: U16,
    unsupported_extensions: SEQ0_64K(U16),
    required_extensions: SEQ0_64K(U16),
  }),
});

export type ExtensionMessage = MessageOf<typeof requestExtensionsMessages>;
export type RequestExtensions = Extract<ExtensionMessage, { name: 'RequestExtensions' }>;
export type RequestExtensionsAnswer = Exclude<ExtensionMessage, { name: 'RequestExtensions' }>;

/** Extension types in words, as 0x2, 0x4548. */
export function extensionNames(extensions: readonly number[]): string {
  return extensions.map((extension) => `0x${extension.toString(16)}`).join(', ');
}

/**
 * A server's answer to RequestExtensions: Success with those it supports, or Error when it supports none of them or
 * when one that it requires was not asked for.
 * @param request the client's request
 * @param supported extension types the server can speak on this connection
 * @param required those of them it insists on
 */
export function answerRequestExtensions(
  request: RequestExtensions,
  supported: readonly number[],
  required: readonly number[] = [],
): RequestExtensionsAnswer {
  const { request_id, requested_extensions: requested } = request;
  const agreed = requested.filter((extension) => supported.includes(extension));
  const missing = required.filter((extension) => !requested.includes(extension));
  if (missing.length === 0 && (agreed.length > 0 || requested.length === 0)) {
    return { name: 'RequestExtensions.Success', request_id, supported_extensions: agreed };
  }
  return {
    name: 'RequestExtensions.Error',
    request_id,
    unsupported_extensions: requested.filter((extension) => !supported.includes(extension)),
    required_extensions: missing,
  };
}
