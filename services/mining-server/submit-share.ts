import { type KnownKeys, lockingKeyField } from '../../domain/channels/locking-key.ts';
import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { payeeTag } from '../../domain/shares/seen-shares.ts';
import { type ShareError, type SubmittedShare, validateShare } from '../../domain/shares/validate-share.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { MiningHouse } from './house.ts';
import type { ShareOwner } from './share-commits.ts';

/**
 * Hands a valid share to the store, a block to the chain before that, or says what is wrong.
 * @param owner gets the answer once the share is stored
 * @param keys of the owner, to check each once
 */
export function submitShare(
  house: MiningHouse,
  owner: ShareOwner,
  channel: MiningChannel,
  share: SubmittedShare & { readonly sequence_number: number },
  tlvs: readonly Tlv[],
  keys: KnownKeys,
): ShareError | undefined {
  const { policy, hash, commits, events } = house;
  const key = lockingKeyField(tlvs) ?? channel.lockingKey ?? policy.houseKey;
  const claim = { payee: key ? payeeTag(key) : 0, session: channel.session };
  const rules = { hash, now: Math.floor(Date.now() / 1000), versionMask: policy.versionMask };
  const { error, work, replay } = validateShare(channel.jobs, channel.rollableBytes, share, rules, claim);
  if (work?.isBlock) events.onBlock(work);
  if (error || !work) return error ?? 'invalid-share';
  if (!key || !keys.isKey(key)) return 'invalid-ehash-key';
  if (replay) {
    commits.addReplay(owner, channel, share.sequence_number, work.job.k);
  } else {
    work.job.live.tip.seen.add(work.hashLe, claim.payee, claim.session);
    commits.add(owner, channel, share.sequence_number, work, key);
  }
  return undefined;
}
