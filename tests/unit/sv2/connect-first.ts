import { MINING_PROTOCOL } from '../../../protocols/sv2/common.ts';
import { miningProtocol } from '../../../protocols/sv2/mining.ts';
import { createLog } from '../../../runtime/logs.ts';
import { connectSv2 } from '../../../runtime/sv2/connect.ts';
import { openHandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';

/** A process that connects before anything else has loaded the crypto, and tells its parent how that went. */
const workers = await openHandshakeWorkers();
try {
  const connection = await connectSv2({
    host: '127.0.0.1',
    port: Number(process.argv[2]),
    protocol: miningProtocol,
    authorityKey: undefined,
    setup: { protocol: MINING_PROTOCOL },
    frameCap: 1024,
    workers,
    log: createLog('first', 'silent'),
    limits: { handshakeMs: 5_000 },
  });
  process.send?.('connected');
  connection.close();
} catch (error) {
  process.send?.(error instanceof Error && 'code' in error ? error.code : String(error));
}
await workers.close();
process.disconnect();
