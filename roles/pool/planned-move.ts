import type { Log } from '../../runtime/sv2/log.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';

const SIGNAL = 'SIGUSR2';

/**
 * Waits for the operator's signal that the pool's name leads to another machine now, and then asks all miners to
 * connect again. The pool there must have the same authority key.
 * @returns what ends the waiting
 */
export function awaitPlannedMove(server: Pick<MiningServer, 'reconnect'>, log: Log): { close(): void } {
  const move = (): void => {
    log.info('all miners are asked to connect again');
    server.reconnect();
  };
  process.on(SIGNAL, move);
  return { close: () => void process.off(SIGNAL, move) };
}
