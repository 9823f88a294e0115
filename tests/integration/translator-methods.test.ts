import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { refusals } from '../../protocols/sv1/errors.ts';
import { minerMethods, refusalsInUse } from '../../protocols/sv1/methods.ts';
import { connectSv1, type Sv1Answer, type Sv1Client, type Sv1Share } from '../harness/sv1-client.ts';
import { workOf } from '../harness/sv1-work.ts';
import { until } from '../harness/template-client.ts';
import { type TranslatorScene, translatorScene } from '../harness/translator-scene.ts';

const G = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const USER = encodeHpub(fromHex(G));
/** Shares of some hundreds of hashes. */
const BITS = 8;
const SUGGESTION = 2 ** (BITS - 32);

async function connected(t: TestContext, { sv1Port }: TranslatorScene): Promise<Sv1Client> {
  const client = await connectSv1(sv1Port);
  t.after(() => client.close());
  return client;
}

/** A miner with a job at the difficulty that it suggests. */
async function miner(
  t: TestContext,
  scene: TranslatorScene,
  password = `fd=${SUGGESTION}`,
): Promise<Sv1Client> {
  const client = await connected(t, scene);
  await client.configure();
  await client.start(USER, password);
  await client.until(() => client.difficulty === SUGGESTION, 'the difficulty of the password');
  return client;
}

function shown(client: Sv1Client): unknown[] {
  return client.notes.filter(({ method }) => method === 'client.show_message').map(({ params }) => params[0]);
}

/** What a miner submits, changed in places. */
const submit = (share: Sv1Share, changes: Record<number, unknown>): unknown[] =>
  [USER, share.jobId, share.extranonce2, share.ntime, share.nonce].map((field, at) =>
    at in changes ? changes[at] : field,
  );

test('the translator answers all of Stratum V1, at a real pool', async (t) => {
  const scene = await translatorScene(t);

  await t.test('each method of the table has its answer', async (t) => {
    const client = await connected(t, scene);
    const ask = async (method: string, params: unknown[] = []) => {
      assert.ok(method in minerMethods, method);
      asked.add(method);
      return client.request(method, params);
    };
    const asked = new Set<string>();
    const granted = async (method: string, params: unknown[] = []) => {
      const { result, error } = await ask(method, params);
      assert.equal(error, null, method);
      return result;
    };
    assert.deepEqual(
      await granted('mining.configure', [
        ['version-rolling', 'minimum-difficulty', 'subscribe-extranonce', 'info', 'unheard-of'],
        {
          'version-rolling.mask': '3fffe000',
          'version-rolling.min-bit-count': 2,
          'minimum-difficulty.value': SUGGESTION,
          'info.sw-version': 'test',
        },
      ]),
      {
        'version-rolling': true,
        'version-rolling.mask': '1fffe000',
        'minimum-difficulty': true,
        'subscribe-extranonce': true,
        info: true,
        'unheard-of': false,
      },
    );
    assert.equal(await granted('mining.suggest_difficulty', [SUGGESTION]), true);
    assert.equal(await granted('mining.suggest_target', [`00ff${'f'.repeat(60)}`]), true);
    assert.equal(await granted('mining.extranonce.subscribe'), true);
    assert.equal(await granted('mining.ping'), 'pong');
    assert.equal(await granted('client.get_version'), 'hashpool translator');
    assert.equal((await ask('mining.get_transactions', ['1'])).error?.[0], 20);
    const [[difficulty, notify], extranonce1, size] = (await granted('mining.subscribe', ['test/1'])) as [
      [string[], string[]],
      string,
      number,
    ];
    assert.deepEqual([difficulty[0], notify[0], size], ['mining.set_difficulty', 'mining.notify', 4]);
    assert.match(String(notify[1]), /^[0-9a-f]{32}$/);
    Object.assign(client, { extranonce1, extranonce2Size: size });
    assert.equal(await granted('mining.authorize', [USER, 'x']), true);
    assert.equal(await granted('mining.authorize', [`${USER}.second`, 'x']), true);
    await client.waitForJob();
    assert.equal(client.difficulty, SUGGESTION);
    for (const user of [USER, `${USER}.second`]) {
      const share = client.mineShare();
      const params = [user, share.jobId, share.extranonce2, share.ntime, share.nonce];
      assert.equal(await granted('mining.submit', params), true);
    }
    assert.deepEqual([...asked].sort(), Object.keys(minerMethods).sort());
    client.sendRaw(
      '{"id":null,"method":"mining.suggest_difficulty","params":[1]}\n{"id":7,"method":"pong"}\n',
    );
    assert.equal((await client.request('mining.ping')).result, 'pong');
    assert.deepEqual(client.strayAnswers, [], 'what is no request has no answer');
    assert.deepEqual((await client.request('mining.nonsense')).error, [
      20,
      'Unknown method mining.nonsense',
      null,
    ]);
  });

  await t.test(
    'each error of the table comes with its number and words, and the connection stays',
    async (t) => {
      const client = await miner(t, scene);
      const stranger = await connected(t, scene);
      const good = client.mineShare();
      assert.equal((await client.submit(USER, good)).result, true);
      const fresh = client.mineShare();
      const weak = (() => {
        for (;;) {
          const share = client.mineShare({ difficulty: SUGGESTION * 2 ** (1 - BITS) });
          if (workOf(share.header) >> BigInt(256 - BITS) > 0n) return share;
        }
      })();
      const send = (changes: Record<number, unknown>) =>
        client.request('mining.submit', submit(fresh, changes));
      const provoked: Record<
        ReturnType<typeof refusalsInUse> extends ReadonlySet<infer N> ? N & string : never,
        () => Promise<Sv1Answer>
      > = {
        jobNotFound: () => send({ 1: 'ffff' }),
        duplicate: () => client.submit(USER, good),
        lowDifficulty: () => client.submit(USER, weak),
        unauthorized: () => send({ 0: `${USER}.nobody` }),
        notSubscribed: () => stranger.submit(USER, fresh),
        paramsNotArray: async () => {
          const from = client.strayAnswers.length;
          client.sendRaw('{"id":"x","method":"mining.submit","params":{}}\n');
          await client.until(() => client.strayAnswers.length > from, 'the answer');
          return client.strayAnswers[from] as Sv1Answer;
        },
        arraySize: () => client.request('mining.submit', [USER, fresh.jobId]),
        noUsername: () => client.request('mining.authorize', ['']),
        noJobId: () => send({ 1: '' }),
        noExtranonce2: () => send({ 2: '' }),
        noNtime: () => send({ 3: '' }),
        noNonce: () => send({ 4: '' }),
        extranonce2Length: () => send({ 2: `${fresh.extranonce2}0` }),
        badSubmit: () => send({ 4: '0x000000' }),
        ntimeOutOfRange: () => send({ 3: 'ffffffff' }),
        versionMask: () => client.submit(USER, { ...fresh, versionBits: '80000000' }),
        badSubscribe: () => client.request('mining.subscribe', [5]),
        badConfigure: () => client.request('mining.configure', ['x']),
        badAuthorize: () => client.request('mining.authorize', ['x'.repeat(256)]),
        badSuggestDifficulty: () => client.request('mining.suggest_target', ['ff']),
        transactionsNotServed: () => client.request('mining.get_transactions', [fresh.jobId]),
        stale: async () => {
          const job = client.job;
          await scene.node.generate(1);
          await client.waitForJob(job);
          return client.submit(USER, fresh);
        },
      };
      assert.deepEqual(Object.keys(provoked).sort(), [...refusalsInUse()].sort());
      for (const [name, provoke] of Object.entries(provoked)) {
        const { code, words } = refusals[name as keyof typeof provoked];
        const { result, error } = await provoke();
        assert.deepEqual([result, error], [null, [code, words, null]], name);
      }
      assert.equal((await client.submit(USER, client.mineShare())).result, true, 'and mining goes on');
      await until(() => scene.role.status.figures['rejected_malformed'] !== undefined, 'the figures');
      for (const reason of [
        'stale',
        'unknown_job',
        'duplicate',
        'low_difficulty',
        'unauthorized',
        'not_subscribed',
        'ntime',
        'version_bits',
      ]) {
        assert.equal(scene.role.status.figures[`rejected_${reason}`], 1, reason);
      }
    },
  );

  await t.test('a fixed difficulty stays, however fast the shares come; another follows them', async (t) => {
    const fixed = await miner(t, scene);
    const free = await miner(t, scene, `d=${SUGGESTION}`);
    for (let i = 0; i < 60; i++) assert.equal((await fixed.submit(USER, fixed.mineShare())).result, true);
    assert.equal(fixed.difficulty, SUGGESTION);
    const old = free.job;
    for (let i = 0; free.difficulty === SUGGESTION && i < 200; i++) await free.submit(USER, free.mineShare());
    await free.until(() => free.difficulty > SUGGESTION, 'a harder difficulty');
    await free.waitForJob(old);

    // The share of an old job counts at that job's difficulty, also once the miner was told a harder one.
    assert.ok(old);
    const share = free.mineShare({ job: old, difficulty: SUGGESTION });
    assert.equal((await free.submit(USER, share)).result, true);
  });

  await t.test('password options that are none, or no powers of two, are told in words', async (t) => {
    const client = await connected(t, scene);
    await client.subscribe();
    assert.equal((await client.authorize(USER, 'x,d=abc;fd=-1')).result, true);
    assert.equal((await client.authorize(`${USER}.b`, `d=${3 * SUGGESTION}`)).result, true);
    await client.until(() => shown(client).length >= 3, 'the words');
    const words = shown(client).join('\n');
    assert.match(words, /"d=abc" is no difficulty/);
    assert.match(words, /"fd=-1" is no difficulty/);
    assert.match(words, /is rounded to/);
    await client.waitForJob();
    await client.until(() => client.difficulty === 2 * SUGGESTION, 'the difficulty of the password');
  });

  await t.test('a connection that broke is gone on with by its session id', async (t) => {
    const client = await miner(t, scene);
    const { result } = await client.request('mining.subscribe', ['test/1']);
    const sessionId = (result as [[unknown, [string, string]], string])[0][1][1];
    const { extranonce1 } = client;
    const share = client.mineShare();
    const miners = Number(scene.role.status.figures['miners']);
    client.close();
    await until(() => Number(scene.role.status.figures['miners']) < miners, 'the cut to be seen');
    const back = await connected(t, scene);
    await back.request('mining.suggest_difficulty', [SUGGESTION]);
    const again = await back.request('mining.subscribe', ['test/1', sessionId]);
    assert.equal((again.result as [unknown, string])[1], extranonce1);
    Object.assign(back, { extranonce1, extranonce2Size: 4 });
    await back.authorize(USER);
    await back.waitForJob();
    assert.deepEqual((await back.submit(USER, share)).error, null, 'what was found before the cut counts');
    assert.deepEqual((await back.submit(USER, back.mineShare())).error, null);
  });

  await t.test('a name that looks like a key and is none is refused with the reason', async (t) => {
    const client = await connected(t, scene);
    await client.subscribe();
    for (const user of [`${USER.slice(0, -1)}x`, `${G}ff`, `05${G.slice(2)}`, `02${'00'.repeat(32)}`]) {
      const { error } = await client.authorize(user);
      assert.equal(error?.[0], 24);
      assert.match(String(error?.[1]), /mistyped/);
    }
    assert.match(String((await client.authorize('name')).error?.[1]), /must be your key/);
    assert.equal((await client.authorize(USER)).result, true);
  });
});
