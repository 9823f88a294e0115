//! Standard channels: beside an extended one, and on a connection that takes nothing else, as firmware opens them.

use stratum_core::bitcoin::Target;
use stratum_core::channels_sv2::client::standard::StandardChannel;
use stratum_core::channels_sv2::extranonce_manager::ExtranoncePrefix;
use stratum_core::common_messages_sv2::Protocol;
use stratum_core::mining_sv2::{OpenStandardMiningChannelOwned, OpenStandardMiningChannelSuccessOwned};
use stratum_core::parsers_sv2::MiningOwned;

use crate::header::power_target;
use crate::link::{text, Link};
use crate::mining_client::{ask, wish, ANY_TARGET, HASH_RATE, REQUIRES_VERSION_ROLLING};
use crate::report::{equal, passed, require, InWords, Outcome};
use crate::work::{meets, Grouped, Miner, ACCEPTED};

const REQUIRES_STANDARD_JOBS: u32 = 1;
const BOTH_ACCEPT: (&str, &str) = (ACCEPTED, ACCEPTED);

/// Opens one on a connection that has extended ones, and gives its id.
pub fn channel(miner: &mut Miner, identity: &str) -> Outcome<u32> {
    let success = ask_standard(miner, 50, identity)??;
    let id = opened(miner, success)?;
    let share = miner.mine_standard(id, meets)?;
    miner.judge_standard("a standard share is accepted", share.clone(), BOTH_ACCEPT)?;
    let twice = "duplicate-share";
    miner.judge_standard("the same standard share again is not", share.clone(), (twice, twice))?;
    let mut unknown = share;
    unknown.job_id = 0xffff_fff0;
    let code = "invalid-job-id";
    miner.judge_standard("a standard job that never was is refused", unknown, (code, code))?;
    let low = miner.mine_standard(id, |hash, _| hash > power_target(1))?;
    let code = "difficulty-too-low";
    miner.judge_standard("a standard share above every target is refused", low, (code, code))?;

    let late = miner.mine_standard(id, meets)?;
    let block = miner.mine_standard_block(id)?;
    miner.judge_standard("a block of a standard channel is a share", block, BOTH_ACCEPT)?;
    passed("the standard channel's block is the new tip", miner.next_tip(id)?);
    let stale = "stale-share";
    miner.judge_standard("the old tip's standard share is stale", late, (stale, stale))?;
    let share = miner.mine_standard(id, meets)?;
    miner.judge_standard("the new tip's standard share is accepted", share, BOTH_ACCEPT)?;
    Ok(id)
}

/// Opens one on a connection that requires standard jobs.
pub fn only(address: &str, key: &str, identity: &str, block_target: Target) -> Outcome<()> {
    let flags = REQUIRES_STANDARD_JOBS | REQUIRES_VERSION_ROLLING;
    let mut link = Link::connect(address, key)?;
    let answered = link.set_up(Protocol::MiningProtocol, flags)?;
    equal("a connection may require standard jobs", answered, 0)?;
    let mut miner = Miner::new(link, block_target);
    let refused = ask(&mut miner, wish(1, identity)?)?.err();
    let code = "extended-channels-not-supported-for-standard-jobs".to_string();
    equal("it then has no extended channels", refused, Some(code))?;
    let success = ask_standard(&mut miner, 2, identity)??;
    equal("its channels are in no group", success.group_channel_id, 0)?;
    let id = opened(&mut miner, success)?;
    let share = miner.mine_standard(id, meets)?;
    miner.judge_standard("a share of standard jobs alone is accepted", share, BOTH_ACCEPT)
}

fn ask_standard(
    miner: &mut Miner,
    request_id: u32,
    identity: &str,
) -> Outcome<Result<OpenStandardMiningChannelSuccessOwned, String>> {
    miner.say(MiningOwned::OpenStandardMiningChannel(OpenStandardMiningChannelOwned {
        request_id,
        user_identity: text(identity)?,
        nominal_hash_rate: HASH_RATE,
        max_target: ANY_TARGET.into(),
    }))?;
    miner.wait("an answer to OpenStandardMiningChannel", |message| match message {
        MiningOwned::OpenStandardMiningChannelSuccess(success) if success.request_id == request_id => {
            Some(Ok(success.clone()))
        }
        MiningOwned::OpenMiningChannelError(error) if error.request_id == request_id => {
            Some(Err(error.error_code.as_utf8_or_hex()))
        }
        _ => None,
    })
}

/// Takes up a channel, and its first work: a future job, and the tip that activates it.
fn opened(miner: &mut Miner, success: OpenStandardMiningChannelSuccessOwned) -> Outcome<u32> {
    let (id, group) = (success.channel_id, success.group_channel_id);
    require("a standard channel is open", id != group, &success)?;
    let channel = StandardChannel::new(
        id,
        String::new(),
        ExtranoncePrefix::from_wire(success.extranonce_prefix.as_bytes().to_vec()).in_words("prefix")?,
        Target::from_le_bytes(success.target.to_array()),
        HASH_RATE,
        None,
    );
    miner.standard.insert(id, Grouped { channel: channel.in_words("channel")?, group });
    let job = miner.wait("the first standard job", |message| match message {
        MiningOwned::NewMiningJob(job) if job.channel_id == id => Some(job.clone()),
        _ => None,
    })?;
    require("the first standard job is for a tip to come", job.is_future(), &job)?;
    let activated = miner.wait("the first prev hash", |message| match message {
        MiningOwned::SetNewPrevHash(tip) if tip.channel_id == id => Some(tip.job_id),
        _ => None,
    })?;
    equal("the tip activates the standard job", activated, job.job_id)?;
    Ok(id)
}
