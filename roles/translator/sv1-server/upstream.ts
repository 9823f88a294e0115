import type { ChannelOwner, ChannelWish, Share } from '../../../services/mining-client/channel.ts';
import type { Answered } from '../../../services/mining-client/pending-shares.ts';
import type { OpenRequest } from '../../../services/mining-client/session.ts';
import type { ShareOwner } from '../../../services/mining-client/share-owner.ts';

/** A miner's channel at the pool, as far as the SV1 side needs it. */
export interface UpstreamChannel {
  readonly extranoncePrefix: Uint8Array;
  /** Bytes that may be rolled after the prefix. */
  readonly extranonceSize: number;
  /** False where nobody knows of a share that is not answered soon: it is not sent again. */
  readonly isResumable: boolean;
  /** True where it is a part of a channel that others have parts of too. */
  readonly isShared?: boolean;
  submit(share: Share, owner: ShareOwner, answered: Answered): void;
  update(wish: ChannelWish): void;
  /** Nobody mines on it any more; shares that wait are still answered, then it is closed. */
  leave(reason: string): void;
}

/** A miner, as whoever gives it a channel sees it. */
export interface UpstreamOwner extends ChannelOwner<UpstreamChannel> {
  /** True where it can be told a new extranonce, and so be moved to another channel. */
  readonly takesExtranonce: boolean;
  /** It is on another channel of the same pool from now on; what it was told before still counts. */
  moved(channel: UpstreamChannel): void;
}

/** The pool, as far as the SV1 side needs it: there or not there, and channels to be opened. */
export interface Upstream {
  readonly isUp: boolean;
  /** False for a pool that takes no locking keys: then nobody is paid in ehash. */
  readonly speaksEhash: boolean;
  /** True where miners that take a new extranonce share channels, and the others don't. */
  readonly isShared?: boolean;
  open(request: OpenRequest, owner: UpstreamOwner): void;
}
