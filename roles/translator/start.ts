import { randomBytes } from 'node:crypto';
import type { Static } from 'typebox';
import { RESUME_TOKEN_BYTES } from '../../protocols/ehash/extension.ts';
import { REQUIRES_VERSION_ROLLING } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { tuneHeap } from '../../runtime/heap.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { MiningClient } from '../../services/mining-client/client.ts';
import { ShareJournal } from '../../services/mining-client/journal/journal.ts';
import type { minerSide } from '../../services/shared-config/miner-side.ts';
import { openWallet } from '../../services/wallet/wallet.ts';
import { Collector } from './collector.ts';
import type { TranslatorConfig } from './config.ts';
import { KnownDifficulties } from './known-difficulties.ts';
import { LockKeys } from './lock-keys.ts';
import { arrivalLimits, listenerDifficulty, probeRequest, sessionSettings, upstreamsOf } from './settings.ts';
import { SharedChannels } from './shared-channels/shared-channels.ts';
import { openTranslatorStats } from './stats-events.ts';
import { StatusLine } from './status-line.ts';
import { Sv1Server } from './sv1-server/server.ts';
import { countShare, newShareCounts } from './sv1-server/share-answer.ts';
import { awaitNewCertificate, readIdentity } from './tls.ts';
import { openWalletSocket } from './wallet-socket/wallet-socket.ts';

/** Ready when miners can connect, whether pool and mint are there or not. */
export async function start(context: RoleContext<TranslatorConfig, Static<typeof minerSide>>): Promise<void> {
  tuneHeap();
  const { config, shared, log } = context;
  const upstreams = upstreamsOf(config, context.read);
  const { hash } = await loadCrypto();
  const tls = config.downstream_tls;
  const identity = tls && readIdentity(tls, context);
  const shares = newShareCounts();

  const wallet = await context.open('wallet', () =>
    openWallet({
      path: context.statePath(process.env['CDK_WALLET_DB_PATH'] ?? config.wallet.db_path),
      mnemonic: context.read(config.wallet.mnemonic),
      mintUrl: shared.mint.url,
      log,
    }),
  );
  context.watch('wallet', () => wallet.balance());
  const lockKeys = new LockKeys(wallet);
  const collector = await context.open('collector', () => {
    const intervalMs = config.wallet.collect_interval_secs * 1000;
    const onUnits = (units: readonly string[]) => lockKeys.noteUnits(units);
    return new Collector(wallet, { intervalMs, redeems: config.wallet.redeem === 'auto', log, onUnits });
  });
  const { socket_path: socketPath } = config.wallet;
  if (socketPath !== undefined) {
    await context.open('wallet socket', () =>
      openWalletSocket({
        path: context.statePath(socketPath),
        faucetPath: context.statePath('faucet.sqlite'),
        faucet: config.faucet,
        wallet,
        log,
      }),
    );
  }
  const workers = await context.open('handshake workers', () => openHandshakeWorkers());
  const settings = sessionSettings(config);
  const journal = new ShareJournal(context.statePath(config.journal_path), log);
  const client = new MiningClient({
    upstreams,
    probe: probeRequest(settings),
    journal,
    onRecovered: (verdict) => countShare(shares, verdict),
    flags: REQUIRES_VERSION_ROLLING,
    deviceId: config.user_identity,
    workers,
    log,
  });
  const now = () => performance.now();
  const resumeToken = () => randomBytes(RESUME_TOKEN_BYTES);
  const { userIdentity, sharesPerMinute } = settings;
  const sharing = config.aggregate_channels
    ? await context.open(
        'shared channels',
        () => new SharedChannels({ source: client, userIdentity, sharesPerMinute, resumeToken, now, log }),
      )
    : undefined;
  const difficulties = await context.open(
    'known difficulties',
    () => new KnownDifficulties(context.statePath(config.difficulties_path), log),
  );
  // Told from the first moment on, when neither is there yet.
  let status: StatusLine | undefined;
  let miners = (): number => 0;
  const stats = await context.open('stats', () =>
    openTranslatorStats(context, {
      link: () => status?.link ?? 'waiting for pool',
      waiting: () => journal.size,
      miners: () => miners(),
      pools: () => client.pools,
    }),
  );
  const server = new Sv1Server({
    ...arrivalLimits(config),
    proxies: config.proxy_protocol_from,
    services: {
      upstream: sharing ?? client,
      hash,
      isPoint: (key) => workers.call('isPoint', key),
      lockKeys,
      settings,
      difficulties,
      shares,
      now,
      wallClock: () => Date.now(),
      resumeToken,
      teller: stats.teller,
      log,
    },
  });
  miners = () => server.minerCount;
  const line = await context.open('status', () => new StatusLine(context, { server, collector, shares }));
  status = line;
  await context.open('link to the pool', () =>
    client.run({
      onUp: (moved) => {
        if (moved) sharing?.moved();
        server.linkUp(moved);
      },
      onDown: () => server.linkDown(),
      onStatus: (text) => line.linkIs(text),
    }),
  );
  await context.open('SV1 server', () => server.listen(config.downstream_address, config.downstream_port));
  for (const listener of config.downstream_listeners) {
    const { port, tls: isTls } = listener;
    const difficulty = listenerDifficulty(listener);
    await server.listenAlso(config.downstream_address, port, difficulty, isTls ? identity : undefined);
  }
  if (tls && identity) await server.listenTls(config.downstream_address, tls.port, identity);
  await context.open('new certificate', () => awaitNewCertificate(context, identity && server));
}
