import { CHANNEL_KINDS, fieldText } from '../../protocols/stats/messages.ts';
import type { StatsClient } from '../stats/client/client.ts';
import type { MiningEvents } from './house.ts';

export type ConnectionEvents = Required<
  Pick<MiningEvents, 'onConnected' | 'onDisconnected' | 'onChannelOpened' | 'onChannelClosed'>
>;

/** Tells a stats service who is connected to a mining server. @param first what is added to a connection's number */
export function connectionEvents(client: Pick<StatsClient, 'send'>, first = 0): ConnectionEvents {
  return {
    onConnected: (connection, remote, { flags, vendor, firmware, device_id }) =>
      client.send({
        name: 'DownstreamConnected',
        at: BigInt(Date.now()),
        downstream_id: first + connection,
        flags,
        address: fieldText(remote),
        software: fieldText([vendor, device_id, firmware].filter((part) => part !== '').join(' ')),
      }),
    onDisconnected: (connection) =>
      client.send({
        name: 'DownstreamDisconnected',
        at: BigInt(Date.now()),
        downstream_id: first + connection,
      }),
    onChannelOpened: (connection, { id, kind, k, nominalHashRate, userIdentity }) =>
      client.send({
        name: 'ChannelOpened',
        at: BigInt(Date.now()),
        downstream_id: first + connection,
        channel_id: id,
        kind: CHANNEL_KINDS.indexOf(kind),
        difficulty: k,
        hashrate: wholeRate(nominalHashRate),
        user_identity: fieldText(userIdentity),
      }),
    onChannelClosed: (connection, { id }) =>
      client.send({
        name: 'ChannelClosed',
        at: BigInt(Date.now()),
        downstream_id: first + connection,
        channel_id: id,
      }),
  };
}

/** What a client says of its rate, as a whole number; clients say anything. */
function wholeRate(rate: number): bigint {
  return Number.isFinite(rate) && rate >= 0 && rate < 2 ** 64 ? BigInt(Math.round(rate)) : 0n;
}
