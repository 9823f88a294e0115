import { AskedRoom } from '../../domain/jobs/asked-room.ts';
import { coinbaseConstraints } from '../../domain/jobs/pool-coinbase.ts';
import { KEYSET_ID_BYTES } from '../../protocols/ehash/work-link.ts';
import type { SourceSettings } from './settings.ts';
import type { Source, SourceParts } from './source.ts';
import { Templates } from './templates.ts';
import { WorkSource } from './work-source.ts';

/** Work made of a template provider's templates; see WorkSource for the pool's own coinbase. */
export function templateSource(
  settings: Extract<SourceSettings, { kind: 'templates' }>,
  { context, workers, shares, status, blocks }: SourceParts,
): Source & { readonly feed: WorkSource } {
  const { log } = context;
  const { address, authorityKey, coinbase } = settings;
  const room = new AskedRoom(settings.payoutRoom);
  const own = coinbaseConstraints({ ...coinbase, keysetId: new Uint8Array(KEYSET_ID_BYTES) });
  const onRoom = () =>
    templates.setConstraints({
      maxAdditionalSize: own.maxAdditionalSize + room.asked.size,
      maxAdditionalSigops: own.maxAdditionalSigops + room.asked.sigops,
    });
  const feed = new WorkSource({ coinbase, room, onRoom, log, seenOn: (prevHash) => shares.on(prevHash) });
  const templates = new Templates({
    address,
    authorityKey,
    coinbase: own,
    workers,
    log,
    onTemplate: (template) => feed.takeTemplate(template),
    onPrevHash(prevHash) {
      blocks()?.tip(prevHash.prev_hash);
      feed.takePrevHash(prevHash);
    },
    onConnected() {
      room.connected();
      blocks()?.connected();
    },
    onStatus: (text) => status.waitsFor('source', text),
  });
  return {
    feed,
    name: 'the template provider',
    get isServed() {
      return templates.isServed;
    },
    blockTaker: templates,
    figures: {},
    begin: () => templates.begin(),
    takeBlock: () => true,
    takeShare: () => undefined,
    close: () => templates.close(),
  };
}
