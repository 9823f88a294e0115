import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import type { SetCustomMiningJob } from '../../domain/job-declaration/judge-custom-job.ts';
import { isHashpoolError, messageOf } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { MiningHouse } from './house.ts';

/** Whom the message is from, and what must hold when its answer is there. */
export interface CustomJobClient {
  readonly remote: string;
  /** The channel, as long as it is open. */
  channel(id: number): MiningChannel | undefined;
  /** Tells of the changes of work that are under way, so that the job comes after its tip. */
  catchUp(): void;
  send(message: MiningMessage): void;
}

/** Answers SetCustomMiningJob: the job is mined from then on, with the target that the channel has. Never rejects. */
export async function setCustomJob(
  message: SetCustomMiningJob,
  client: CustomJobClient,
  house: MiningHouse,
): Promise<void> {
  const { channel_id, request_id } = message;
  const refuse = (error_code: string): void =>
    client.send({ name: 'SetCustomMiningJob.Error', channel_id, request_id, error_code });
  const { customJobs } = house.policy;
  const channel = client.channel(channel_id);
  if (channel?.kind !== 'extended') return refuse('invalid-channel-id');
  if (!customJobs) return refuse('jd-not-supported');
  try {
    const live = await customJobs.take(message, channel, () => house.current);
    if (client.channel(channel_id) !== channel) return refuse('invalid-channel-id');
    client.catchUp();
    if (house.current?.tip.prevHashLe !== live.tip.prevHashLe) return refuse('stale-chain-tip');
    channel.add(live, performance.now());
    client.send({ name: 'SetCustomMiningJob.Success', channel_id, request_id, job_id: live.job.id });
  } catch (error) {
    const code = isHashpoolError(error) ? error.code : 'internal-error';
    house.log.info(
      { remote: client.remote, channel: channel_id, code },
      `a custom job was refused: ${messageOf(error)}`,
    );
    refuse(code);
  }
}
