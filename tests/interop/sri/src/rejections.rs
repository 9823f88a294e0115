//! What our pool must refuse, beside shares, and what it says then.

use stratum_core::common_messages_sv2::Protocol;
use stratum_core::mining_sv2::{SetCustomMiningJobOwned, UpdateChannelOwned};
use stratum_core::parsers_sv2::MiningOwned;

use crate::link::{text, Link, VERSION};
use crate::mining_client::{ask, wish, ANY_TARGET, HASH_RATE};
use crate::report::{equal, require, InWords, Outcome};
use crate::work::Miner;

/// The key of the reference implementation's default config: whose pool ours is not.
const FOREIGN_KEY: &str = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";

pub fn of_connections(address: &str, key: &str) -> Outcome<()> {
    let error = Link::connect(address, FOREIGN_KEY).err().unwrap_or_default();
    let is_known = error.contains("Certificate");
    require("a certificate by another authority is none", is_known, error)?;
    let jd = Protocol::JobDeclarationProtocol;
    refused_setup(address, key, (jd, VERSION, 0), "unsupported-protocol")?;
    let mining = Protocol::MiningProtocol;
    refused_setup(address, key, (mining, 3, 0), "protocol-version-mismatch")?;
    refused_setup(address, key, (mining, VERSION, 1 << 31), "unsupported-feature-flags")
}

pub fn refused_setup(
    address: &str,
    key: &str,
    (protocol, version, flags): (Protocol, u16, u32),
    code: &str,
) -> Outcome<()> {
    let mut link = Link::connect(address, key)?;
    let error = link.setup(protocol, version, flags)?.err().ok_or("the connection is set up")?;
    let check = format!("a connection is refused with {code}");
    // Flags stand there only where they are the reason.
    let expected = if code == "unsupported-feature-flags" { flags } else { 0 };
    equal(&check, (error.error_code.as_utf8_or_hex().as_str(), error.flags), (code, expected))
}

pub fn of_channels(miner: &mut Miner, identity: &str) -> Outcome<()> {
    let good = || wish(100, identity);
    let mut refused = |check: &str, code: &str, wish| {
        let answer = ask(miner, wish)?.map_or_else(|code| code, |success| success.to_string());
        equal(check, answer.as_str(), code)
    };
    let mut wish = good()?;
    wish.nominal_hash_rate = f32::NAN;
    refused("no number is no hash rate", "invalid-nominal-hashrate", wish)?;
    let mut wish = good()?;
    wish.max_target = [0; 32].into();
    refused("no hash meets target 0", "max-target-out-of-range", wish)?;
    let mut wish = good()?;
    wish.min_extranonce_size = 33;
    refused("33 bytes are no extranonce", "unsupported-min-extranonce-size", wish)?;
    let mut wish = good()?;
    wish.min_extranonce_size = 32;
    refused("32 bytes leave the pool none", "min-extranonce-size-too-large", wish)?;
    let mut wish = good()?;
    wish.user_identity = text(&identity[..identity.len() - 1])?;
    refused("a mistyped key pays nobody", "invalid-ehash-key", wish)?;
    let mut wish = good()?;
    wish.user_identity = text("somebody")?;
    refused("a name alone cannot be paid", "invalid-user-identity", wish)
}

pub fn of_updates(miner: &mut Miner, id: u32) -> Outcome<()> {
    refused_update(miner, id, f32::INFINITY, "invalid-nominal-hashrate")?;
    refused_update(miner, 0x00ff_ffff, HASH_RATE, "invalid-channel-id")?;
    let token = vec![1; 8].try_into().in_words("token")?;
    miner.say(MiningOwned::SetCustomMiningJob(SetCustomMiningJobOwned {
        channel_id: id,
        request_id: 7,
        token,
        version: 0x2000_0000,
        prev_hash: [0; 32].into(),
        min_ntime: 0,
        nbits: 0x207f_ffff,
        coinbase_tx_version: 2,
        coinbase_prefix: vec![].try_into().in_words("prefix")?,
        coinbase_tx_input_n_sequence: u32::MAX,
        coinbase_tx_outputs: vec![0].try_into().in_words("outputs")?,
        coinbase_tx_locktime: 0,
        merkle_path: vec![].try_into().in_words("path")?,
    }))?;
    let answer = miner.wait("an answer to SetCustomMiningJob", |message| match message {
        MiningOwned::SetCustomMiningJobError(error) => {
            Some((error.channel_id, error.request_id, error.error_code.as_utf8_or_hex()))
        }
        _ => None,
    })?;
    let expected = (id, 7, "jd-not-supported".to_string());
    equal("a custom job is refused where no jobs are declared", answer, expected)
}

fn refused_update(miner: &mut Miner, id: u32, nominal_hash_rate: f32, code: &str) -> Outcome<()> {
    miner.say(MiningOwned::UpdateChannel(UpdateChannelOwned {
        channel_id: id,
        nominal_hash_rate,
        maximum_target: ANY_TARGET.into(),
    }))?;
    let answer = miner.wait("UpdateChannel.Error", |message| match message {
        MiningOwned::UpdateChannelError(error) if error.channel_id == id => {
            Some(error.error_code.as_utf8_or_hex())
        }
        _ => None,
    })?;
    let check = format!("an update is refused with {code}");
    equal(&check, answer.as_str(), code)
}
