import { utf8 } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';

/**
 * A process that submits shares as fast as they are answered, over one Noise connection. Its parent sends
 * `{ shares }` for each run and gets `{ accepted }` when so many were answered true; what is rejected ends it.
 */

/** Shares that may be unanswered at once. */
const WINDOW = 4096;
const CHUNK = 512;

const { curve } = await loadCrypto();
const workers = await openHandshakeWorkers();
const connection = await connectSv2<MiningMessage>({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  protocol: miningProtocol,
  authorityKey: undefined,
  setup: { protocol: MINING_PROTOCOL },
  frameCap: 1 << 16,
  workers,
  log: createLog('share-generator', 'silent'),
});

let channel = { id: 0, extranonceSize: 0 };
let job = { id: 0, version: 0, ntime: 0 };
let sent = 0;
let answered = 0;
let wanted = 0;

connection.onMessage = (message) => {
  switch (message.name) {
    case 'OpenExtendedMiningChannel.Success':
      channel = { id: message.channel_id, extranonceSize: message.extranonce_size };
      break;
    case 'NewExtendedMiningJob':
      job = { id: message.job_id, version: message.version, ntime: 0 };
      break;
    case 'SetNewPrevHash':
      job = { ...job, ntime: message.min_ntime };
      process.send?.({ ready: true });
      break;
    case 'SubmitShares.Success':
      answered += message.new_submits_accepted_count;
      if (answered === wanted) process.send?.({ accepted: answered });
      break;
    case 'SubmitShares.Error':
      throw new Error(`share ${message.sequence_number}: ${message.error_code}`);
    default:
  }
};
connection.onDrained = submitMore;
process.on('message', ({ shares }: { shares: number }) => {
  wanted += shares;
  submitMore();
});
process.on('disconnect', () => process.exit());

const key = curve.publicKey(utf8('the key that all of these shares'));
connection.send({
  name: 'OpenExtendedMiningChannel',
  request_id: 1,
  user_identity: encodeHpub(key),
  nominal_hash_rate: 1,
  max_target: new Uint8Array(32).fill(0xff),
  min_extranonce_size: 8,
});

function submitMore(): void {
  if (wanted - sent > 0 && sent - answered > WINDOW - CHUNK) return;
  const until = Math.min(wanted, answered + WINDOW);
  while (sent < until) {
    const extranonce = new Uint8Array(channel.extranonceSize);
    new DataView(extranonce.buffer).setUint32(0, sent);
    connection.send({
      name: 'SubmitSharesExtended',
      channel_id: channel.id,
      sequence_number: sent++,
      job_id: job.id,
      nonce: 0,
      ntime: job.ntime,
      version: job.version,
      extranonce,
    });
  }
}
