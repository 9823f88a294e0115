import {
  address,
  type ConfigOf,
  choice,
  defaulted,
  flag,
  integer,
  list,
  optional,
  secret,
  table,
  text,
  url,
} from '../../../runtime/config/fields.ts';

/** What miners' owners are told of. */
export const ALARM_KINDS = ['offline', 'low', 'rejects', 'block'] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

const receiver = table({
  kind: choice('how: a POST with JSON, ntfy, a Telegram bot, or e-mail', [
    'webhook',
    'ntfy',
    'telegram',
    'email',
  ]),
  on: list(choice('an alarm', [...ALARM_KINDS]), 'of what', { min: 1, max: 4, default: [...ALARM_KINDS] }),
  miners: list(
    text('a name, or the beginning of names', { minLength: 1, maxLength: 255 }),
    'of whom; of all where left out',
    {
      max: 100,
      default: [],
    },
  ),
  url: optional(url('of webhook and ntfy: where to; of telegram: the API, where it is not its own')),
  token: optional(secret("of ntfy and webhook: sent as Bearer; of telegram: the bot's token")),
  chat_id: optional(text('of telegram: the chat', { maxLength: 64 })),
  smtp_address: optional(address('of email: the mail server')),
  smtp_tls: flag('whether it speaks TLS from the first byte, as on port 465', { default: true }),
  smtp_user: optional(text('of email: who logs in; left out, nobody does', { maxLength: 255 })),
  smtp_password: optional(secret('of email: the password')),
  from: optional(text('of email: the sender', { maxLength: 255, pattern: '^[^\\s<>]+@[^\\s<>]+$' })),
  to: optional(text('of email: the receiver', { maxLength: 255, pattern: '^[^\\s<>]+@[^\\s<>]+$' })),
});

/** `[alerts]` */
export const alertsTable = defaulted({
  after_sec: integer('seconds for which a miner is offline or low before somebody is told', {
    min: 0,
    max: 86_400,
    default: 300,
  }),
  to: list(receiver, 'who is told', { max: 100, default: [] }),
});

export type AlertsConfig = ConfigOf<typeof alertsTable>;
export type ReceiverConfig = ConfigOf<typeof receiver>;

const NEEDS: Readonly<Record<ReceiverConfig['kind'], readonly (keyof ReceiverConfig)[]>> = {
  webhook: ['url'],
  ntfy: ['url'],
  telegram: ['token', 'chat_id'],
  email: ['smtp_address', 'from', 'to'],
};

/** What a schema can't say: the first key that a receiver's kind needs and it has not, in words. */
export function checkAlerts({ to }: AlertsConfig): string | undefined {
  for (const receiver of to) {
    const missing = NEEDS[receiver.kind].find((key) => receiver[key] === undefined);
    if (missing) return `[[alerts.to]] of kind "${receiver.kind}" needs ${missing}`;
  }
  return undefined;
}
