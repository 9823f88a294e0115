/**
 * Loaded before each test file (`--import`). The runner's limits are for tests alone: a file whose tests are over and that
 * left a timer or a socket open would hold the whole run up for ever. Such a file says what it left and fails.
 */
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 60_000;

/** Not the runner itself, nor a thread or a process that a test starts. */
const isTestFile = isMainThread && process.argv[1]?.endsWith('.test.ts');

if (isTestFile) {
  const { after } = await import('node:test');
  after(() => {
    setTimeout(() => {
      console.error(`${process.argv[1]} left open: ${process.getActiveResourcesInfo().join(', ')}`);
      process.exit(1);
    }, GRACE_MS).unref();
  });
}
