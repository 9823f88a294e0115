import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HostFiles, installHost, writeCertificate } from './host.ts';
import type { Machine } from './machine.ts';

/** What `systemd-analyze security` may say of a role at most, in tenths. */
const EXPOSURE_TENTHS = { loopback: 13, open: 15 };
/** Where nginx serves the mint's API to the world. */
const PUBLIC_PORT = 80;
const STATE = '/var/lib/hashpool';

let machine: Machine;
let host: HostFiles;

before(async () => {
  ({ machine, host } = await installHost());
  await machine.boot();
  await machine.until('all units to be active', () => inactive().length === 0);
});
after(() => machine?.remove());

/** Units that are to be active all the time. */
const standing = () => host.units.filter((unit) => unit !== 'hashpool-backup.service');
const files = (folder: string) => machine.must('find', folder).trim().split('\n');
const inactive = () => standing().filter((unit) => machine.property(unit, 'ActiveState') !== 'active');
const roleUnits = () => host.units.filter((unit) => machine.property(unit, 'Type') === 'notify');
const mainPid = (unit: string) => machine.property(unit, 'MainPID');
const restarts = (unit: string) => Number(machine.property(unit, 'NRestarts'));
const command = (name: string, ...args: readonly string[]) =>
  machine.must('/opt/node/bin/node', `/opt/hashpool/commands/${name}.ts`, ...args, '--state', STATE);
function doctor(): { code: number | null; bad: string[] } {
  const program = '/opt/hashpool/commands/doctor.ts';
  const { code, stdout } = machine.run('/opt/node/bin/node', program, '--json', '--state', STATE);
  const findings = JSON.parse(stdout) as { level: string; words: string }[];
  return { code, bad: findings.filter(({ level }) => level === 'bad').map(({ words }) => words) };
}
const fetched = (url: string) =>
  machine.must(
    '/opt/node/bin/node',
    '-e',
    `fetch('${url}').then(async (r) => console.log(r.status, await r.text()))`,
  );
/** What the wallet holds of all units. The command runs beside the translator, which may be on its way too. */
function walletHolds(): bigint {
  const { balance } = JSON.parse(command('wallet', 'balance', '--json')) as {
    balance: { amount: number | string }[];
  };
  return balance.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
}

test('all services start, say so themselves, and stay', () => {
  assert.deepEqual(inactive(), []);
  for (const unit of roleUnits()) {
    assert.equal(restarts(unit), 0, unit);
    assert.equal(machine.property(unit, 'Result'), 'success', unit);
  }
  assert.match(machine.property('hashpool-pool', 'StatusText'), /serving miners/);
  assert.ok(roleUnits().length >= 5);
});

test('systemd understands every line of the units', () => {
  const files = host.units.map((unit) => `/etc/systemd/system/${unit}`);
  const { stdout, stderr } = machine.run('systemd-analyze', 'verify', '--man=no', ...files);
  // Debian 12's systemd is older than what grows the delay between restarts.
  const lines = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line !== '' && !/RestartSteps|RestartMaxDelaySec/.test(line));
  assert.deepEqual(lines, []);
});

test('no unit is more exposed than its class allows', () => {
  const open = new Set(
    host.ports.filter(({ listen }) => listen === 'open').map(({ role }) => `hashpool-${role}.service`),
  );
  for (const unit of host.units) {
    const limit =
      open.has(unit) || unit === 'bitcoind.service' ? EXPOSURE_TENTHS.open : EXPOSURE_TENTHS.loopback;
    const ran = machine.run('systemd-analyze', 'security', '--no-pager', `--threshold=${limit}`, unit);
    assert.equal(ran.code, 0, `${unit}: ${ran.stdout.trim().split('\n').at(-1)}`);
  }
});

test('the kernel holds each role to it: no capability, no new privileges, a filter of system calls', () => {
  for (const unit of roleUnits()) {
    const status = machine.must('cat', `/proc/${mainPid(unit)}/status`);
    for (const line of [/^CapBnd:\t0+$/m, /^CapEff:\t0+$/m, /^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m])
      assert.match(status, line, unit);
    assert.match(machine.must('cat', `/proc/${mainPid(unit)}/limits`), /Max core file size\s+0\s+0/);
  }
});

test('a role reads its own secrets, and neither it nor anybody else those of others', () => {
  const read = (user: string, file: string) =>
    machine.run('setpriv', `--reuid=${user}`, '--regid=hashpool', '--clear-groups', 'cat', file);
  const secrets = machine.must('ls', `${STATE}/credentials`).trim().split('\n');
  assert.ok(secrets.length >= 7);
  for (const user of [...host.users, 'nobody'])
    for (const secret of secrets)
      assert.notEqual(read(user, `${STATE}/credentials/${secret}`).code, 0, `${user} reads ${secret}`);
  for (const unit of roleUnits()) {
    const user = machine.property(unit, 'User');
    const folder = `/run/credentials/${unit}`;
    const own = machine.run('ls', folder).stdout;
    for (const secret of own.split('\n').filter((name) => name !== '')) {
      assert.equal(read(user, `${folder}/${secret}`).code, 0, `${user} reads its own ${secret}`);
      assert.notEqual(read('nobody', `${folder}/${secret}`).code, 0);
      for (const other of host.users.filter((each) => each !== user))
        assert.notEqual(read(other, `${folder}/${secret}`).code, 0, `${other} reads ${secret} of ${user}`);
    }
    const state = machine.property(unit, 'StateDirectory');
    for (const other of host.users.filter((each) => each !== user))
      assert.notEqual(
        machine.run(
          'setpriv',
          `--reuid=${other}`,
          '--regid=hashpool',
          '--clear-groups',
          'ls',
          `/var/lib/${state}`,
        ).code,
        0,
      );
  }
});

test('a role of the loopback class reaches this machine and no other address', () => {
  machine.must('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
  const reach = (unit: string, address: string) => {
    const settings = machine.read(`etc/systemd/system/${unit}`).split('\n');
    const probe = settings.filter(
      (line) => !/^(Type|ExecStart|Restart\w*|WatchdogSec|StateDirectory\w*|PartOf|After|Wants)=/.test(line),
    );
    const code =
      `const socket = require('net').connect(34254, '${address}', () => process.exit(0));` +
      `socket.on('error', () => process.exit(1)); setTimeout(() => process.exit(1), 3000)`;
    const service = probe.indexOf('[Service]');
    probe.splice(service + 1, 0, 'Type=oneshot', `ExecStart=/opt/node/bin/node -e "${code}"`);
    machine.write('run-probe.service', probe.join('\n'));
    machine.must('cp', '/run-probe.service', '/run/systemd/system/probe.service');
    machine.must('systemctl', 'daemon-reload');
    return machine.run('systemctl', 'start', 'probe.service').code;
  };
  assert.equal(reach('hashpool-template-provider.service', '127.0.0.1'), 0);
  assert.notEqual(reach('hashpool-template-provider.service', '192.0.2.1'), 0);
  assert.equal(reach('hashpool-translator.service', '192.0.2.1'), 0, 'a public role reaches any address');
});

test('only the ports of the table are open, those for the machine itself on loopback', () => {
  const listening = machine
    .must('ss', '-Htln')
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/)[3] ?? '');
  const loopback = (address: string) => /^(127\.0\.0\.1|\[::1\])/.test(address);
  const numbers = (addresses: readonly string[]) =>
    [...new Set(addresses.map((each) => Number(each.split(':').at(-1))))].toSorted((a, b) => a - b);
  const of = (listen: string) =>
    host.ports.filter((port) => port.listen === listen).map(({ number }) => number);
  const fronts = Object.values(host.fronts).map(({ number }) => number);
  const open = [...of('open'), PUBLIC_PORT].toSorted((a, b) => a - b);
  assert.deepEqual(numbers(listening.filter((each) => !loopback(each))), open);
  assert.deepEqual(
    numbers(listening.filter(loopback)),
    [...of('loopback'), ...fronts].toSorted((a, b) => a - b),
  );
});

test('a renewed certificate is taken over at a reload, and the translator goes on', async () => {
  const unit = 'hashpool-translator.service';
  const [pid, port] = [mainPid(unit), host.ports.find(({ name }) => name === 'sv1-mining-tls')?.number];
  const connect = `const s = require('tls').connect({ port: ${port}, host: '127.0.0.1', rejectUnauthorized: false }, () => {
    console.log(s.getPeerCertificate().subject.CN); s.destroy(); })`;
  const served = () => machine.must('/opt/node/bin/node', '-e', connect).trim();
  assert.equal(served(), 'first');
  writeCertificate(machine, 'second');
  machine.must('systemctl', 'reload', unit);
  await machine.until('the second certificate', () => served() === 'second');
  assert.equal(mainPid(unit), pid);
});

test('the doctor finds nothing wrong with a host that works', () => {
  const { code, bad } = doctor();
  assert.deepEqual(bad, []);
  assert.equal(code, 0);
});

const health = (side: string) => fetched(`http://127.0.0.1:${host.fronts[side]?.number}/health`);
const healthIs = (side: string, wanted: RegExp) =>
  machine.until(`/health of the ${side} side to be ${wanted}`, () => wanted.test(health(side)), {
    describe: () => health(side),
  });

test('health is 200 where a side works, and an honest 503 where it does not', async () => {
  // A chain without a block takes itself for one that is catching up.
  command('generate-blocks', '1');
  for (const side of ['server', 'client']) await healthIs(side, /^200/);
  machine.must('systemctl', 'stop', 'hashpool-mint');
  await healthIs('server', /^503 .*mint/s);
  machine.must('systemctl', 'start', 'hashpool-mint');
  await healthIs('server', /^200/);
  machine.must('systemctl', 'stop', 'hashpool-pool-stats');
  assert.match(health('server'), /^503 .*the stats service of the server side does not answer/);
  machine.must('systemctl', 'start', 'hashpool-pool-stats');
});

test('the world sees the mint through nginx, by security headers, and no figures; a flood is held off', () => {
  const url = `http://127.0.0.1:${PUBLIC_PORT}`;
  assert.match(fetched(`${url}/v1/info`), /^200 .*"nuts"/);
  assert.match(fetched(`${url}/metrics`), /^404/);
  const flood = `Promise.all(Array.from({ length: 600 }, () => fetch('${url}/v1/keys').then((r) => [r.status, r.headers.get('x-content-type-options')])))
    .then((all) => console.log(JSON.stringify(all)))`;
  const answers = JSON.parse(machine.must('/opt/node/bin/node', '-e', flood)) as [number, string][];
  assert.ok(answers.some(([status]) => status === 200));
  assert.ok(answers.some(([status]) => status === 429));
  assert.ok(answers.every(([, header]) => header === 'nosniff'));
});

test('Prometheus is ready, and knows both sides and our alert', () => {
  const url = `http://127.0.0.1:${host.fronts['prometheus']?.number}`;
  assert.match(fetched(`${url}/-/ready`), /^200/);
  const targets = fetched(`${url}/api/v1/targets`);
  assert.match(targets, /127\.0\.0\.1:8081/);
  assert.match(targets, /127\.0\.0\.1:8082/);
  assert.match(fetched(`${url}/api/v1/rules`), /HashpoolStatsDown/);
});

test('a real SV1 miner mines, and its shares become tokens', async () => {
  machine.must(
    'systemd-run',
    '--unit=trial-miner',
    '--property=DynamicUser=yes',
    '/opt/node/bin/node',
    '/opt/hashpool/roles/miner/main.ts',
    '-c',
    '/etc/hashpool/miner.config.toml',
    '-g',
    '/etc/hashpool/shared/miner.toml',
  );
  await machine.until('tokens in the wallet', () => walletHolds() > 0n, { limitMs: 180_000 });
});

test('the journal of a side has its roles, and no secret', () => {
  const journal = machine.must('journalctl', '-o', 'cat', '-u', 'hashpool-server.slice');
  for (const role of ['pool', 'mint', 'template-provider', 'jd-server'])
    assert.match(journal, new RegExp(`"role":"${role}"`));
  const all = machine.must('journalctl', '-o', 'cat');
  for (const name of machine.must('ls', `${STATE}/credentials`).trim().split('\n')) {
    const secret = machine.read(`${STATE}/credentials/${name}`).trim();
    assert.ok(!all.includes(secret.replace(/^[a-z]+:/, '')), `the journal holds ${name}`);
  }
});

test('a role that hangs is ended by the watchdog and started again', async () => {
  const unit = 'hashpool-template-provider.service';
  machine.write(
    `etc/systemd/system/${unit}.d/quick.conf`,
    '[Service]\nWatchdogSec=4s\nTimeoutAbortSec=2s\nRestartSec=1s\n',
  );
  machine.must('systemctl', 'daemon-reload');
  machine.must('systemctl', 'restart', unit);
  const before = mainPid(unit);
  machine.must('systemctl', 'kill', '--kill-who=main', '--signal=STOP', unit);
  await machine.until(
    'another process',
    () => mainPid(unit) !== before && machine.property(unit, 'ActiveState') === 'active',
  );
  assert.match(machine.must('journalctl', '-o', 'cat', '-u', unit), /Watchdog timeout/);
});

test('killed roles come back, and so does everything after the power was cut', async () => {
  const killed = roleUnits();
  const counts = new Map(killed.map((unit) => [unit, restarts(unit)]));
  for (const unit of killed) machine.must('systemctl', 'kill', '--kill-who=main', '--signal=KILL', unit);
  await machine.until(
    'all to be back',
    () => killed.every((unit) => restarts(unit) > (counts.get(unit) ?? 0)) && inactive().length === 0,
    { limitMs: 120_000 },
  );
  await machine.cutPower();
  await machine.boot();
  await machine.until('all units to be active', () => inactive().length === 0);
});

test('a backup is made while all of it runs, by its unit, and leaves every file to its owner', () => {
  machine.must('systemctl', 'start', 'hashpool-backup.service');
  assert.match(machine.must('ls', '/var/backups/hashpool'), /^hashpool-\d+T\d+Z\.tar$/m);
  assert.equal(machine.property('hashpool-backup.service', 'Result'), 'success');
  for (const [role, user] of [
    ['mint', 'hashpool-mint'],
    ['pool', 'hashpool-pool'],
    ['translator', 'hashpool-translator'],
  ] as const) {
    const owners = machine
      .must('stat', '--format=%U', ...files(`${STATE}/${role}`))
      .trim()
      .split('\n');
    assert.deepEqual([...new Set(owners)], [user]);
  }
});

test('nothing was lost: the sums of pool, mint and wallet agree', async () => {
  await machine.until('the wallet to be as it was', () => walletHolds() > 0n);
  machine.must('systemctl', 'stop', 'hashpool-client', 'hashpool-server');
  const stopped = (unit: string) => machine.property(unit, 'ActiveState') === 'inactive';
  await machine.until('the roles to stop with their side', () => roleUnits().every(stopped));
  assert.match(command('audit'), /the sums agree/);
  machine.must('systemctl', 'start', 'hashpool-server', 'hashpool-client');
  assert.deepEqual(inactive(), []);
});

test("a config that can't be used ends the role with 78 and words, and is not tried again", () => {
  const file = 'etc/hashpool/pool.config.toml';
  machine.write(file, `${machine.read(file)}\nlisten_adress = "0.0.0.0:1"\n`);
  const ran = machine.run('systemctl', 'restart', 'hashpool-pool');
  assert.notEqual(ran.code, 0);
  assert.equal(machine.property('hashpool-pool', 'ExecMainStatus'), '78');
  assert.equal(machine.property('hashpool-pool', 'ActiveState'), 'failed');
  assert.match(
    machine.must('journalctl', '-o', 'cat', '-u', 'hashpool-pool', '-n', '20'),
    /listen_adress is not a key here/,
  );
  assert.equal(machine.property('hashpool-mint', 'ActiveState'), 'active', 'others go on');
  const { bad } = doctor();
  assert.match(bad.join('\n'), /listen_adress is not a key here/);
  assert.match(bad.join('\n'), /hashpool-pool refuses its config/);
  assert.match(bad.join('\n'), /nothing answers at 34254/);
});
