//! The peer as a miner of our pool.

use stratum_core::bitcoin::Target;
use stratum_core::channels_sv2::client::extended::ExtendedChannel;
use stratum_core::channels_sv2::extranonce_manager::{ExtranoncePrefix, MAX_EXTRANONCE_LEN};
use stratum_core::common_messages_sv2::Protocol;
use stratum_core::extensions_sv2::{
    RequestExtensionsOwned, UserIdentity, EXTENSION_TYPE_WORKER_HASHRATE_TRACKING,
};
use stratum_core::mining_sv2::{
    CloseChannelOwned, OpenExtendedMiningChannelOwned, OpenExtendedMiningChannelSuccessOwned,
    UpdateChannelOwned,
};
use stratum_core::parsers_sv2::{
    AnyMessageOwned, ExtensionsNegotiationOwned, ExtensionsOwned, MiningOwned, Tlv, TlvField,
};

use crate::arguments::Arguments;
use crate::header::power_target;
use crate::link::{text, Link};
use crate::rejections;
use crate::report::{equal, passed, require, InWords, Outcome};
use crate::standard;
use crate::work::{meets, Grouped, Miner, Roll, ACCEPTED};

pub const REQUIRES_VERSION_ROLLING: u32 = 1 << 2;
pub const REQUIRES_WORK_SELECTION: u32 = 1 << 1;
/// Hashes per second at which a share proves some hundred hashes, with 600 shares a minute.
pub const HASH_RATE: f32 = 5_000.0;
pub const ANY_TARGET: [u8; 32] = [0xff; 32];
const MIN_EXTRANONCE_SIZE: u16 = 6;
/// An extension that nobody has.
const UNKNOWN_EXTENSION: u16 = 0x7abc;
const BOTH_ACCEPT: (&str, &str) = (ACCEPTED, ACCEPTED);

pub fn run(arguments: &Arguments) -> Outcome<()> {
    let address = arguments.text("address")?;
    let key = arguments.text("key")?;
    let identity = arguments.text("identity")?;
    let block_target = power_target(arguments.number("block-bits")?);
    rejections::of_connections(address, key)?;

    let mut link = Link::connect(address, key)?;
    let flags = link.set_up(Protocol::MiningProtocol, REQUIRES_VERSION_ROLLING)?;
    equal("SetupConnection is answered without flags", flags, 0)?;
    negotiate(&mut link)?;

    let mut miner = Miner::new(link, block_target);
    rejections::of_channels(&mut miner, identity)?;
    let id = open(&mut miner, 1, identity)?;
    good_shares(&mut miner, id)?;
    bad_shares(&mut miner, id)?;
    new_target(&mut miner, id)?;
    rejections::of_updates(&mut miner, id)?;
    block(&mut miner, id)?;
    let standard_id = standard::channel(&mut miner, identity)?;
    same_group(&mut miner, id, standard_id)?;
    close(&mut miner, id)?;
    standard::only(address, key, identity, block_target)
}

fn negotiate(link: &mut Link) -> Outcome<()> {
    let worker_names = EXTENSION_TYPE_WORKER_HASHRATE_TRACKING;
    let answer = request(link, 1, vec![UNKNOWN_EXTENSION])?;
    let refused = match answer {
        ExtensionsNegotiationOwned::RequestExtensionsError(error) => {
            let unsupported = error.unsupported_extensions.into_inner();
            (error.request_id, unsupported, error.required_extensions.into_inner())
        }
        other => return Err(format!("not an error: {other}")),
    };
    equal("an unknown extension alone is an error", refused, (1, vec![UNKNOWN_EXTENSION], vec![]))?;
    let answer = request(link, 2, vec![worker_names, UNKNOWN_EXTENSION])?;
    let agreed = match answer {
        ExtensionsNegotiationOwned::RequestExtensionsSuccess(success) => {
            (success.request_id, success.supported_extensions.into_inner())
        }
        other => return Err(format!("not a success: {other}")),
    };
    equal("worker names are agreed on", agreed, (2, vec![worker_names]))?;
    link.extensions = vec![worker_names];
    Ok(())
}

fn request(link: &mut Link, request_id: u16, extensions: Vec<u16>) -> Outcome<ExtensionsNegotiationOwned> {
    let requested_extensions = extensions.try_into().in_words("extensions")?;
    let message = RequestExtensionsOwned { request_id, requested_extensions };
    let message = ExtensionsNegotiationOwned::RequestExtensions(message);
    link.send(AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(message)))?;
    match link.receive()?.0 {
        AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(answer)) => Ok(answer),
        other => Err(format!("instead of an answer to RequestExtensions: {other}")),
    }
}

/// The answer to OpenExtendedMiningChannel: the channel, or the error code.
pub fn ask(
    miner: &mut Miner,
    wish: OpenExtendedMiningChannelOwned,
) -> Outcome<Result<OpenExtendedMiningChannelSuccessOwned, String>> {
    let request_id = wish.request_id;
    miner.say(MiningOwned::OpenExtendedMiningChannel(wish))?;
    miner.wait("an answer to OpenExtendedMiningChannel", |message| match message {
        MiningOwned::OpenExtendedMiningChannelSuccess(success) if success.request_id == request_id => {
            Some(Ok(success.clone()))
        }
        MiningOwned::OpenMiningChannelError(error) if error.request_id == request_id => {
            Some(Err(error.error_code.as_utf8_or_hex()))
        }
        _ => None,
    })
}

pub fn wish(request_id: u32, identity: &str) -> Outcome<OpenExtendedMiningChannelOwned> {
    Ok(OpenExtendedMiningChannelOwned {
        request_id,
        user_identity: text(identity)?,
        nominal_hash_rate: HASH_RATE,
        max_target: ANY_TARGET.into(),
        min_extranonce_size: MIN_EXTRANONCE_SIZE,
    })
}

fn open(miner: &mut Miner, request_id: u32, identity: &str) -> Outcome<u32> {
    let success = ask(miner, wish(request_id, identity)?)??;
    let prefix = success.extranonce_prefix.as_bytes().to_vec();
    let (id, group, size) = (success.channel_id, success.group_channel_id, success.extranonce_size);
    require("an extended channel is open", id != group, &success)?;
    let full = prefix.len() + usize::from(size);
    let fits = size >= MIN_EXTRANONCE_SIZE && full <= usize::from(MAX_EXTRANONCE_LEN);
    require("its extranonce is as long as was asked for", fits, format!("{size} of {full} bytes"))?;
    let target = Target::from_le_bytes(success.target.to_array());
    let is_sensible = target < power_target(4) && target > power_target(16);
    require("its target follows from the hash rate", is_sensible, format!("{target:x}"))?;
    let channel = ExtendedChannel::new(
        id,
        identity.to_string(),
        ExtranoncePrefix::from_wire(prefix).in_words("prefix")?,
        target,
        HASH_RATE,
        true,
        size,
        None,
    );
    miner.extended.insert(id, Grouped { channel: channel.in_words("channel")?, group });
    first_work(miner, id)?;
    Ok(id)
}

/// At open: a future job to the channel itself, and then the tip that activates it.
fn first_work(miner: &mut Miner, id: u32) -> Outcome<()> {
    let job = miner.wait("the first job", |message| match message {
        MiningOwned::NewExtendedMiningJob(job) if job.channel_id == id => Some(job.clone()),
        _ => None,
    })?;
    require("the first job is for a tip to come", job.is_future(), format!("job {}", job.job_id))?;
    let activated = miner.wait("the first prev hash", |message| match message {
        MiningOwned::SetNewPrevHash(tip) if tip.channel_id == id => Some(tip.job_id),
        _ => None,
    })?;
    equal("the tip activates it", activated, job.job_id)
}

fn worker(name: &str) -> Outcome<Tlv> {
    UserIdentity::new(name).in_words("worker")?.to_tlv().in_words("worker")
}

fn good_shares(miner: &mut Miner, id: u32) -> Outcome<()> {
    let tlvs = [worker("rig1")?];
    let share = miner.mine(id, None, Roll::default(), meets)?;
    miner.judge("a share is accepted", share.clone(), &tlvs, BOTH_ACCEPT)?;
    let twice = "duplicate-share";
    miner.judge("the same share again is not", share, &tlvs, (twice, twice))?;
    // The lowest and the highest bit that BIP323 leaves to miners.
    for version_bits in [1 << 5, 1 << 28] {
        let share = miner.mine(id, None, Roll { version_bits, seconds: 0 }, meets)?;
        let check = format!("version bits {version_bits:#x} may be rolled");
        miner.judge(&check, share, &tlvs, BOTH_ACCEPT)?;
    }
    let share = miner.mine(id, None, Roll { version_bits: 0, seconds: 7000 }, meets)?;
    miner.judge("the time may be rolled by less than two hours", share, &tlvs, BOTH_ACCEPT)?;
    let share = miner.mine(id, None, Roll::default(), meets)?;
    miner.judge("a worker's name may be as long as 32 bytes", share, &[worker(&"w".repeat(32))?], BOTH_ACCEPT)
}

fn bad_shares(miner: &mut Miner, id: u32) -> Outcome<()> {
    let tlvs = [worker("rig1")?];
    let good = miner.mine(id, None, Roll::default(), meets)?;
    let mut judge = |check: &str, code: &str, change: &dyn Fn(&mut _) -> Outcome<()>| {
        let mut share = good.clone();
        change(&mut share)?;
        miner.judge(check, share, &tlvs, (code, code))
    };
    judge("a job that never was is refused", "invalid-job-id", &|share| {
        share.job_id = 0xffff_fff0;
        Ok(())
    })?;
    judge("an extranonce of another length is refused", "bad-extranonce-size", &|share| {
        share.extranonce = vec![0; 3].try_into().in_words("extranonce")?;
        Ok(())
    })?;
    judge("a bit that is not to be rolled is refused", "invalid-non-rollable-version-bit", &|share| {
        share.version ^= 1 << 29;
        Ok(())
    })?;
    judge("a time before the tip's is refused", "invalid-share", &|share| {
        share.ntime -= 1;
        Ok(())
    })?;
    judge("a time three hours ahead is refused", "invalid-share", &|share| {
        share.ntime += 3 * 3600;
        Ok(())
    })?;
    let low = "difficulty-too-low";
    let share = miner.mine(id, None, Roll::default(), |hash, _| hash > power_target(1))?;
    miner.judge("a hash above every target is refused", share, &tlvs, (low, low))?;
    // The reference implementation takes the header's bits for the network's target, where ours goes by the
    // template provider's, which is harder on regtest: what meets the bits alone is a block to the one only.
    let between = |hash: Target, target: Target| hash > target && hash < power_target(2);
    let share = miner.mine(id, None, Roll::default(), between)?;
    miner.judge("a hash above the job's target is refused", share, &tlvs, (low, ACCEPTED))?;
    let mut share = good;
    share.channel_id = 0x00ff_ffff;
    let message = MiningOwned::SubmitSharesExtended(share.clone());
    miner.say(message)?;
    let answer = miner.answer(share.channel_id, share.sequence_number)?;
    equal("a channel that never was is refused", answer.as_str(), "invalid-channel-id")
}

/// A job keeps the target that it was sent with.
fn new_target(miner: &mut Miner, id: u32) -> Outcome<()> {
    let tlvs = [worker("rig1")?];
    let old = miner.extended(id)?.get_active_job().ok_or("no job")?.clone();
    let old_id = old.job_message.job_id;
    miner.forget();
    miner.say(MiningOwned::UpdateChannel(UpdateChannelOwned {
        channel_id: id,
        nominal_hash_rate: 16.0 * HASH_RATE,
        maximum_target: ANY_TARGET.into(),
    }))?;
    let new = miner.wait("SetTarget", |message| match message {
        MiningOwned::SetTarget(set) if set.channel_id == id => {
            let target = Target::from_le_bytes(set.maximum_target.to_array());
            // Another may come beforehand, which follows from the shares so far.
            (target < power_target(11)).then_some(target)
        }
        _ => None,
    })?;
    require("a faster miner gets a harder target", new < old.target, format!("{new:x}"))?;
    miner.forget();
    let job_id = miner.wait("a job for the new target", |message| match message {
        MiningOwned::NewExtendedMiningJob(job) if job.channel_id == id && !job.is_future() => {
            Some(job.job_id)
        }
        _ => None,
    })?;
    passed("a job comes with the new target", format!("job {job_id} after {old_id}"));
    let between = |hash: Target, _| hash <= old.target && hash > new;
    let share = miner.mine(id, Some(old_id), Roll::default(), between)?;
    miner.judge("the old job keeps its target", share, &tlvs, BOTH_ACCEPT)?;
    let share = miner.mine(id, None, Roll::default(), between)?;
    miner.judge("the new job has the new one", share, &tlvs, ("difficulty-too-low", ACCEPTED))?;
    let share = miner.mine(id, None, Roll::default(), meets)?;
    miner.judge("a share of the new job is accepted", share, &tlvs, BOTH_ACCEPT)
}

fn block(miner: &mut Miner, id: u32) -> Outcome<()> {
    let tlvs = [worker("rig1")?];
    let late = miner.mine(id, None, Roll::default(), meets)?;
    let share = miner.mine_block(id)?;
    miner.judge("a block is a share", share, &tlvs, BOTH_ACCEPT)?;
    passed("the block is the new tip", miner.next_tip(id)?);
    let stale = "stale-share";
    miner.judge("the old tip's share is stale", late, &tlvs, (stale, stale))?;
    let share = miner.mine(id, None, Roll::default(), meets)?;
    miner.judge("the new tip's share is accepted", share, &tlvs, BOTH_ACCEPT)
}

/// What the group is told reaches both kinds of channels.
fn same_group(miner: &mut Miner, extended: u32, standard: u32) -> Outcome<()> {
    let groups = (miner.extended[&extended].group, miner.standard[&standard].group);
    require("both channels are in one group", groups.0 == groups.1 && groups.0 != 0, format!("{groups:?}"))?;
    let share = miner.mine(extended, None, Roll::default(), meets)?;
    miner.judge("the extended channel has the tip too", share, &[worker("rig1")?], BOTH_ACCEPT)
}

fn close(miner: &mut Miner, id: u32) -> Outcome<()> {
    let share = miner.mine(id, None, Roll::default(), meets)?;
    let sequence = share.sequence_number;
    let reason_code = text("done")?;
    miner.say(MiningOwned::CloseChannel(CloseChannelOwned { channel_id: id, reason_code }))?;
    miner.say(MiningOwned::SubmitSharesExtended(share))?;
    let answer = miner.answer(id, sequence)?;
    equal("a closed channel takes no shares", answer.as_str(), "invalid-channel-id")
}
