import { BIP323_MASK } from '../../domain/shares/validate-share.ts';
import { flag, integer, optional, publicValue } from '../../runtime/config/fields.ts';

/** Of roles that miners' channels are opened at: pool and jd-client. */
export const miningServerFields = {
  version_rolling_mask: integer("bits of the block version that miners may roll; BIP323's by default", {
    min: 0,
    max: 0xffff_ffff,
    default: BIP323_MASK,
  }),
  house_key: optional(
    publicValue(
      '66 hex digits of the key that is paid where a miner names none; left out, such miners are refused',
    ),
  ),
};

/** Of a pool that a role is a client of: translator and jd-client. */
export const upstreamPoolFields = {
  authority_pubkey: optional(
    publicValue("the pool's authority key in base58check; left out, whoever answers is believed"),
  ),
  pays_ehash: flag('false for a pool that is no hashpool: its shares are then paid by its own rules', {
    default: true,
  }),
};
