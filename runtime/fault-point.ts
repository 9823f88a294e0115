const point = process.env['HASHPOOL_FAULT_POINT'];

/**
 * A place where tests cut the power: with HASHPOOL_FAULT_POINT set to its name, the process is killed here as by
 * `kill -9`. Without it, which is always but in tests/faults, nothing happens.
 */
export function faultPoint(name: string): void {
  if (name === point) process.kill(process.pid, 'SIGKILL');
}
