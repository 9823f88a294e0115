import { runCommand } from './appliance/command-line.ts';
import { runSide } from './appliance/run-side.ts';

await runCommand('npm run clientd', () => runSide('client', process.argv.slice(2)));
