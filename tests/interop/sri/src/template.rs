//! Templates of a chain that is nowhere: for a pool whose blocks nobody needs.

use std::time::{SystemTime, UNIX_EPOCH};

use stratum_core::bitcoin::consensus::serialize;
use stratum_core::bitcoin::{Amount, ScriptBuf, TxOut};
use stratum_core::template_distribution_sv2::{NewTemplateOwned, SetNewPrevHashOwned};

use crate::report::{InWords, Outcome};

/// Mainnet's easiest target: no share of a test is a block.
const BITS: u32 = 0x1d00_ffff;
const REWARD: u64 = 5_000_000_000;
const HEIGHT: [u8; 3] = [2, 0xf4, 1];

pub fn template(template_id: u64, future_template: bool) -> Outcome<NewTemplateOwned> {
    // OP_RETURN and a push of 36 bytes, as witness commitments are.
    let mut commitment = vec![0x6a, 36, 0xaa, 0x21, 0xa9, 0xed];
    commitment.resize(38, 0x33);
    let output = TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::from_bytes(commitment) };
    let path = [template_id as u8, 0xa5].map(|byte| [byte; 32].into()).to_vec();
    Ok(NewTemplateOwned {
        template_id,
        future_template,
        version: 0x2000_0000,
        coinbase_tx_version: 2,
        coinbase_prefix: HEIGHT.to_vec().try_into().in_words("height")?,
        coinbase_tx_input_sequence: 0xffff_fffe,
        coinbase_tx_value_remaining: REWARD,
        coinbase_tx_outputs_count: 1,
        coinbase_tx_outputs: serialize(&output).try_into().in_words("outputs")?,
        coinbase_tx_locktime: 499,
        merkle_path: path.try_into().in_words("merkle path")?,
    })
}

/// The tip that activates a template; its hash is as good as any.
pub fn tip(template_id: u64) -> Outcome<SetNewPrevHashOwned> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).in_words("clock")?;
    let mut prev_hash = [0x11; 32];
    prev_hash[0] = template_id as u8;
    Ok(SetNewPrevHashOwned {
        template_id,
        prev_hash: prev_hash.into(),
        header_timestamp: now.as_secs() as u32,
        n_bits: BITS,
        target: [0; 32].into(),
    })
}

/// The output that takes the whole reward.
pub fn reward(value: u64) -> Vec<TxOut> {
    let script_pubkey = ScriptBuf::from_bytes(vec![0x51]);
    vec![TxOut { value: Amount::from_sat(value), script_pubkey }]
}

pub fn whole_reward() -> Vec<TxOut> {
    reward(REWARD)
}
