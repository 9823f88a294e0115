//! Headers and their hashes.

use stratum_core::bitcoin::block::{Header, Version};
use stratum_core::bitcoin::hashes::Hash;
use stratum_core::bitcoin::{BlockHash, CompactTarget, Target, TxMerkleNode};
use stratum_core::channels_sv2::chain_tip::ChainTip;

/// The header of a share, its nonce to be found.
pub fn header(tip: &ChainTip, merkle_root: [u8; 32], version: u32, time: u32) -> Header {
    Header {
        version: Version::from_consensus(version as i32),
        prev_blockhash: BlockHash::from_byte_array(tip.prev_hash().into_array()),
        merkle_root: TxMerkleNode::from_byte_array(merkle_root),
        time,
        bits: CompactTarget::from_consensus(tip.nbits()),
        nonce: 0,
    }
}

/// The hash as a number, to be compared with targets.
pub fn number(header: &Header) -> Target {
    Target::from_le_bytes(header.block_hash().to_byte_array())
}

/// The target that 2^bits hashes meet once on average.
pub fn power_target(bits: u32) -> Target {
    let mut bytes = [0xff; 32];
    let whole = (bits / 8) as usize;
    bytes[..whole].fill(0);
    bytes[whole] = 0xff >> (bits % 8);
    Target::from_be_bytes(bytes)
}
