import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { ReceiverConfig } from '../../../../../services/stats/alerts/config.ts';
import { tell } from '../../../../../services/stats/alerts/receivers.ts';
import { selfSigned, type TestCertificate } from '../../../../harness/certificate.ts';

const ALARM = { kind: 'offline', miner: 'alice', text: 'alice is offline since 5 minutes' } as const;
const PASSWORD = 'pass wörd';

/** A mail server with TLS from the first byte that wants AUTH PLAIN (RFC 4954) of one user. */
async function mailServer(t: TestContext, certificate: TestCertificate) {
  const heard: string[] = [];
  const mails: string[] = [];
  const server = createServer(certificate, (socket) => {
    let isIn = false;
    let mail: string[] | undefined;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    socket.on('error', () => undefined);
    say('220 test');
    createInterface({ input: socket }).on('line', (line) => {
      heard.push(line);
      if (mail && line !== '.') return void mail.push(line);
      if (mail) {
        mails.push(mail.join('\n'));
        mail = undefined;
        return say('250 taken');
      }
      if (line.startsWith('EHLO')) return say('250-test\r\n250 AUTH PLAIN');
      if (line.startsWith('AUTH PLAIN ')) {
        isIn = Buffer.from(line.slice(11), 'base64').toString() === `\0me\0${PASSWORD}`;
        return say(isIn ? '235 welcome' : '535 authentication failed');
      }
      if (!isIn) return say('530 authentication required');
      if (line === 'DATA') mail = [];
      say(line === 'DATA' ? '354 go on' : '250 well');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const receiver: ReceiverConfig = {
    kind: 'email',
    on: ['offline'],
    miners: [],
    smtp_address: `127.0.0.1:${port}`,
    smtp_tls: true,
    smtp_user: 'me',
    smtp_password: 'credential:mail',
    from: 'a@example.org',
    to: 'b@example.org',
  };
  return { receiver, heard, mails };
}

/** Lets this process trust a certificate for the time of a test. */
function trust(t: TestContext, { cert }: TestCertificate): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, cert]);
  t.after(() => setDefaultCACertificates(before));
}

test('a mail goes over TLS with a password, to a server whose certificate is trusted', async (t) => {
  const certificate = selfSigned('mail');
  trust(t, certificate);
  const { receiver, mails } = await mailServer(t, certificate);
  await tell(receiver, [ALARM], () => PASSWORD);
  assert.equal(mails.length, 1);
  const body = (mails[0] ?? '').split('\n\n')[1] ?? '';
  assert.equal(Buffer.from(body, 'base64').toString(), ALARM.text);
  await assert.rejects(
    tell(receiver, [ALARM], () => 'wrong'),
    {
      code: 'alert-not-sent',
      message: /535 authentication failed/,
    },
  );
});

test('a server that proves nothing hears no password', async (t) => {
  const { receiver, heard } = await mailServer(t, selfSigned('somebody'));
  await assert.rejects(
    tell(receiver, [ALARM], () => PASSWORD),
    { message: /self-signed certificate/ },
  );
  assert.deepEqual(heard, []);
});
