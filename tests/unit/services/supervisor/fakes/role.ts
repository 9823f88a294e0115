/** A role for the supervisor's tests: says that it is ready and then behaves as its first argument names. */
const behaviour = process.argv[2] ?? 'obedient';

function report(message: object): void {
  process.send?.(message);
}

const behaviours: Record<string, () => void> = {
  obedient: () => process.on('SIGTERM', () => process.exit(0)),
  deaf: () => process.on('SIGTERM', () => undefined),
  hung: () => {
    process.on('SIGTERM', () => undefined);
    setTimeout(() => {
      for (;;);
    }, 20);
  },
  'dies-once-ready': () => setTimeout(() => process.exit(3), 30),
  lively: () => {
    setInterval(() => report({ type: 'alive' }), 50);
    process.on('SIGTERM', () => process.exit(0));
  },
  counts: () => {
    report({ type: 'status', text: 'counting', figures: { shares_accepted: 5, height: 7 } });
    process.on('SIGTERM', () => process.exit(0));
  },
  'talks-to-the-terminal': () => report({ type: 'status', text: 'waiting\x1b[2J\x07 for\nthe mint' }),
  'refuses-config': () => {
    process.stderr.write('some.toml: prot: no such key; allowed: port\n');
    process.exit(78);
  },
};

if (behaviour !== 'deaf' && behaviour !== 'hung') process.on('disconnect', () => process.exit(0));
setInterval(() => undefined, 1000);
if (behaviour !== 'never-ready' && behaviour !== 'refuses-config') report({ type: 'ready' });
behaviours[behaviour]?.();
