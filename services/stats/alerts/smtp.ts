import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { HashpoolError } from '../../../protocols/errors.ts';

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls: boolean;
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly timeoutMs: number;
}

export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly date: Date;
}

/**
 * Hands one mail to a server (RFC 5321), with AUTH PLAIN where there is a login (RFC 4616).
 * @throws HashpoolError 'mail-refused' with the server's words
 */
export async function sendMail(server: MailServer, mail: Mail): Promise<void> {
  const { host, port, tls, login, timeoutMs } = server;
  if (login && !tls)
    throw new HashpoolError('mail-refused', 'a password is sent over TLS alone: set smtp_tls');
  // An address is checked against the certificate as it is; as a name to ask for it is not allowed (RFC 6066).
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = tls ? connectTls({ host, port, ...name }) : connect({ host, port });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('the mail server does not answer')));
  try {
    await once(socket, tls ? 'secureConnect' : 'connect');
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const say = (line: string) => socket.write(`${line}\r\n`);
    await expect(lines, 2);
    for (const [line, kind] of commands(mail, login)) {
      say(line);
      await expect(lines, kind);
    }
    say(message(mail));
    await expect(lines, 2);
    say('QUIT');
  } finally {
    socket.destroySoon();
  }
}

/** What is said, and the first digit of the answer that it needs. */
function commands({ from, to }: Mail, login: MailServer['login']): [string, number][] {
  const secret = login && Buffer.from(`\0${login.user}\0${login.password}`).toString('base64');
  return [
    ['EHLO hashpool', 2],
    ...(secret ? [[`AUTH PLAIN ${secret}`, 2] as [string, number]] : []),
    [`MAIL FROM:<${from}>`, 2],
    [`RCPT TO:<${to}>`, 2],
    ['DATA', 3],
  ];
}

/** Headers and text, the text in base64 so that no name of a miner can be a command or a header. */
function message({ from, to, subject, text, date }: Mail): string {
  const body = Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  return [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    body,
    '.',
  ].join('\r\n');
}

/** Waits for the end of an answer: its last line has a space behind the number. */
async function expect(lines: AsyncIterator<string>, kind: number): Promise<void> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) throw new HashpoolError('mail-refused', 'the mail server hung up');
    if (/^\d{3}-/.test(value)) continue;
    if (value.startsWith(String(kind))) return;
    throw new HashpoolError('mail-refused', `the mail server says: ${value.slice(0, 200)}`);
  }
}
