import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ConnectView } from '../../services/stats/api/schemas/connect.ts';
import { useApi } from '../data/use-api.ts';
import { Card } from '../parts/card.ts';
import { Copyable } from '../parts/copy.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { Field } from '../parts/field.ts';
import { Icon } from '../parts/icon.ts';
import { Qr } from '../parts/qr.ts';
import { Title } from '../parts/title.ts';

const MAX_NAME = 32;
const KEY_LENGTH = 64;

const troubles = [
  ['The device says “Unauthorized”', 'Its user name is a key with a mistake in it.'],
  ['It connects and sends nothing', 'Wait for a minute: how often shares come follows from its speed.'],
  ['It can’t reach the address', 'A firewall is in between, or it is in another network than this machine.'],
] as const;

/** What to enter in a device, to copy and to scan. */
export function ConnectPage(): JSX.Element {
  const reading = useApi<ConnectView>('api/connect');
  const { data } = reading;
  const host = data?.hosts[0];
  return h(
    'div',
    null,
    h(Title, { title: 'Connect a device' }),
    data !== undefined && host === undefined
      ? h(
          Empty,
          { icon: 'link', title: 'The translator does not answer' },
          'A device could not connect at present. ',
          h('a', { href: '#/health/translator' }, 'See what is wrong'),
          '.',
        )
      : h(
          'div',
          { class: 'grid' },
          h(
            Card,
            { title: '1. Pool address', size: 'third', reading },
            data === undefined || host === undefined ? h(Skeleton, null) : h(Address, { connect: data }),
          ),
          h(UserName, null),
          h(
            Card,
            { title: '3. Password', size: 'third' },
            h(
              'div',
              { class: 'stack' },
              h(Copyable, { text: 'x', label: 'the password' }),
              h(PasswordFacts, null),
            ),
          ),
          h(
            Card,
            { title: 'Point a wallet at the mint', size: 'half', reading },
            data === undefined
              ? h(Skeleton, { lines: 2 })
              : h(
                  'div',
                  { class: 'stack' },
                  h(
                    'p',
                    { class: 'muted' },
                    'Any Cashu wallet takes ehash; it knows the mint by this address.',
                  ),
                  h(Copyable, { text: data.mint_url, label: "the mint's address" }),
                ),
          ),
          h(
            Card,
            { title: 'When it does not connect', size: 'half' },
            h(
              'ul',
              { class: 'rows' },
              troubles.map(([what, why]) =>
                h(
                  'li',
                  { key: what },
                  h(Icon, { name: 'low' }),
                  h('span', { class: 'what' }, what),
                  h('span', { class: 'why' }, why),
                ),
              ),
            ),
          ),
        ),
  );
}

function Address({ connect }: { readonly connect: ConnectView }): JSX.Element {
  const { hosts, port, tls_hosts: tlsHosts, tls_port: tlsPort } = connect;
  const [main = '', ...others] = hosts.map((host) => addressOf('stratum+tcp', host, port));
  const encrypted = tlsPort === null ? [] : tlsHosts.map((host) => addressOf('stratum+ssl', host, tlsPort));
  const isLoopback = /^(127\.|::1$|localhost$)/.test(hosts[0] ?? '');
  return h(
    'div',
    { class: 'stack' },
    h(Qr, { text: main, label: `QR code of ${main}` }),
    h(Copyable, { text: main, label: 'the pool address' }),
    others.map((text) => h(Copyable, { key: text, text, label: 'another pool address' })),
    h(
      'p',
      { class: 'small muted' },
      isLoopback
        ? 'Only programs on this machine reach it there: the translator lets in nobody else (its downstream_address).'
        : 'Stratum V1. The translator was reached at this address just now.',
    ),
    encrypted.length > 0 && h('p', { class: 'small muted' }, 'Encrypted, for devices that can (TLS):'),
    encrypted.map((text) => h(Copyable, { key: text, text, label: 'an encrypted pool address' })),
  );
}

function addressOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whose the ehash is follows from the user name: put together here. */
function UserName(): JSX.Element {
  const [key, setKey] = useState('');
  const [name, setName] = useState('rig1');
  const isKey = key.startsWith('hpub1') && key.length === KEY_LENGTH;
  const user = [key.trim(), name.trim()].filter((part) => part !== '').join('.') || 'rig1';
  return h(
    Card,
    { title: '2. User name', size: 'third' },
    h(
      'div',
      { class: 'stack' },
      h(Field, {
        label: 'Your key, if you have one',
        value: key,
        placeholder: 'hpub1…',
        max: KEY_LENGTH,
        onInput: setKey,
      }),
      h(Field, {
        label: 'Name of the device',
        value: name,
        placeholder: 'rig1',
        max: MAX_NAME,
        onInput: setName,
      }),
      h(Qr, { text: user, label: `QR code of the user name ${user}` }),
      h(Copyable, { text: user, label: 'the user name' }),
      h(
        'p',
        { class: 'small muted', role: 'status' },
        key === ''
          ? 'Without a key the ehash goes to the wallet of this translator.'
          : isKey
            ? 'The ehash is locked to this key: only its owner can take it.'
            : `A key begins with hpub1 and has ${KEY_LENGTH} characters; this one has ${key.length}.`,
      ),
    ),
  );
}

function PasswordFacts(): JSX.Element {
  return h(Facts, {
    facts: [
      ['x', 'any password does'],
      [h('code', null, 'd=1024'), 'asks for a difficulty; for rented hashrate'],
    ],
  });
}
