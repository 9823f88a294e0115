import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { type ChannelJournal, ShareJournal } from '../../services/mining-client/journal/journal.ts';
import { ShareOwner } from '../../services/mining-client/share-owner.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import type { Figure } from './figure.ts';

const CHANNELS = 1000;
const SHARES = 50_000;
const SHARE = { jobId: 7, version: 0x20000000, ntime: 1_700_000_000, nonce: 12_345_678 };
const EXTRANONCE = Uint8Array.of(1, 2, 3, 4);
const KEY = new Uint8Array(33).fill(2);

/** Shares that are written when they are submitted, and struck out when they are answered, a turn later. */
function journalled(perTurn: number): Figure {
  return {
    name: `share in the translator's journal and out of it, ${perTurn} a turn`,
    unit: 'per second and core',
    open() {
      const journal = new ShareJournal(join(temporaryFolder(), 'journal'), pino({ level: 'silent' }));
      const channels = Array.from({ length: CHANNELS }, (_, i) => openChannel(journal, i));
      let sequence = 0;
      return {
        async run() {
          for (let n = 0; n < SHARES; n += perTurn) {
            const submitted = channelsFrom(channels, n, perTurn).map((channel) => {
              const share = { ...SHARE, extranonce: EXTRANONCE };
              channel.add({ sequence: ++sequence, share, owner: new ShareOwner('rig1', KEY) });
              return { channel, number: sequence };
            });
            await turn();
            for (const { channel, number } of submitted) channel.done(number);
          }
          return { operations: SHARES };
        },
        close: () => journal.close(),
      };
    },
  };
}

function openChannel(journal: ShareJournal, i: number): ChannelJournal {
  const request = {
    userIdentity: 'bench',
    nominalHashRate: 1e12,
    maximumTargetLe: new Uint8Array(32).fill(255),
    minExtranonceSize: 4,
    lockingKey: KEY,
    resumeToken: new Uint8Array(16).fill(i),
  };
  const extranoncePrefix = new Uint8Array(16).fill(i);
  return journal.channel({ upstream: 'pool:34254', request, extranoncePrefix, extranonceSize: 4 });
}

function channelsFrom(channels: readonly ChannelJournal[], from: number, count: number): ChannelJournal[] {
  return Array.from({ length: count }, (_, i) => channels[(from + i) % CHANNELS]).filter(
    (channel) => channel !== undefined,
  );
}

export const figures: Figure[] = [1, 10, 100].map(journalled);
