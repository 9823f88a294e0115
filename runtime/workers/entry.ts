import { parentPort, workerData } from 'node:worker_threads';
import { type Answer, type Call, type Tasks, toPlainError } from './channel.ts';

/** The thread behind `openWorkers`: starts the module it is given and answers batches of calls in order. */
const port = parentPort;
if (!port) throw new Error('runtime/workers/entry.ts runs in a worker thread only');

const { module, data } = workerData as { module: string; data: unknown };

async function answer(tasks: Tasks, { name, input }: Call): Promise<Answer> {
  try {
    const task = tasks[name];
    if (!task) throw new Error(`no task ${name}`);
    return { output: await task(input as never) };
  } catch (error) {
    return { error: toPlainError(error) };
  }
}

try {
  const { start } = (await import(module)) as { start(data: unknown): Tasks | Promise<Tasks> };
  const tasks = await start(data);
  port.on('message', async (message: readonly Call[] | 'close') => {
    if (message === 'close') {
      await (tasks['close'] as (() => unknown) | undefined)?.();
      port.close();
      return;
    }
    const answers: Answer[] = [];
    for (const call of message) answers.push(await answer(tasks, call));
    port.postMessage(answers);
  });
  port.postMessage({ started: true });
} catch (error) {
  port.postMessage({ failed: toPlainError(error) });
}
