import { runCommand } from './appliance/command-line.ts';
import { runSide } from './appliance/run-side.ts';

await runCommand('npm run serverd', () => runSide('server', process.argv.slice(2)));
