import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { hostAndPort } from '../../../runtime/config/address.ts';
import type { Alarm } from './alarms.ts';
import type { ReceiverConfig } from './config.ts';
import { sendMail } from './smtp.ts';

const TIMEOUT_MS = 10_000;
const TELEGRAM = 'https://api.telegram.org';
/** Lines of one message; the rest is counted. */
const MOST_LINES = 20;
const SUBJECT = 'Hashpool: your miners';

/**
 * Tells one receiver.
 * @param read the secret behind a reference of the config
 * @throws HashpoolError 'alert-not-sent' with the reason; never with a secret
 */
export async function tell(
  receiver: ReceiverConfig,
  alarms: readonly Alarm[],
  read: (reference: string) => string,
): Promise<void> {
  const text = messageText(alarms);
  const token = receiver.token === undefined ? undefined : read(receiver.token);
  const bearer: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    switch (receiver.kind) {
      case 'webhook':
        await post(
          receiver.url,
          { ...bearer, 'content-type': 'application/json' },
          JSON.stringify({ text, alarms }),
        );
        break;
      case 'ntfy':
        await post(receiver.url, { ...bearer, title: SUBJECT }, text);
        break;
      case 'telegram': {
        const body = JSON.stringify({ chat_id: receiver.chat_id, text });
        const url = `${receiver.url ?? TELEGRAM}/bot${token}/sendMessage`;
        await post(url, { 'content-type': 'application/json' }, body);
        break;
      }
      case 'email':
        await mail(receiver, text, read);
    }
  } catch (cause) {
    const reason = token === undefined ? messageOf(cause) : messageOf(cause).replaceAll(token, '(not shown)');
    throw new HashpoolError('alert-not-sent', `${receiver.kind}: ${reason}`);
  }
}

export function messageText(alarms: readonly Alarm[]): string {
  const lines = alarms.slice(0, MOST_LINES).map(({ text }) => text);
  const more = alarms.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

async function post(url: string | undefined, headers: Record<string, string>, body: string): Promise<void> {
  if (url === undefined) throw new Error('it has no url');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered with status ${response.status}`);
}

async function mail(
  receiver: ReceiverConfig,
  text: string,
  read: (reference: string) => string,
): Promise<void> {
  const { smtp_address, smtp_tls: tls, smtp_user: user, smtp_password, from, to } = receiver;
  if (smtp_address === undefined || from === undefined || to === undefined)
    throw new Error('it has no address');
  const login = user === undefined ? undefined : { user, password: smtp_password ? read(smtp_password) : '' };
  const server = { ...hostAndPort(smtp_address), tls, login, timeoutMs: TIMEOUT_MS };
  await sendMail(server, { from, to, subject: SUBJECT, text, date: new Date() });
}
