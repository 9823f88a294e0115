/** A supervisor for a test to kill: runs fake roles and prints their process ids, one line of JSON, once all are ready. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Supervisor } from '../../../../../services/supervisor/supervise.ts';

const [folder = '', ...behaviours] = process.argv.slice(2);
const entry = fileURLToPath(new URL('./role.ts', import.meta.url));
const supervisor = new Supervisor({
  plans: behaviours.map((behaviour) => {
    const log = join(folder, `${behaviour}.log`);
    return { name: behaviour, after: [], entry, arguments: [behaviour], environment: {}, nodeFlags: [], log };
  }),
  restart: true,
  onChange: () => {
    const views = supervisor.views();
    if (views.every((view) => view.phase === 'ready')) {
      process.stdout.write(`${JSON.stringify(views.map((view) => view.pid))}\n`);
    }
  },
});
supervisor.start();
