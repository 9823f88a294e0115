//! A miner with extended and standard channels, whose state the reference implementation keeps.

use std::collections::HashMap;

use stratum_core::bitcoin::Target;
use stratum_core::channels_sv2::client::extended::{ExtendedChannel, ExtendedJob};
use stratum_core::channels_sv2::client::share_accounting::ShareValidationError;
use stratum_core::channels_sv2::client::standard::{StandardChannel, StandardJob};
use stratum_core::channels_sv2::merkle_root::merkle_root_from_path;
use stratum_core::mining_sv2::{SubmitSharesExtendedOwned, SubmitSharesStandard};
use stratum_core::parsers_sv2::{AnyMessageOwned, MiningOwned, Tlv};

use crate::header::{header, number};
use crate::link::Link;
use crate::report::{equal, InWords, Outcome};

/// Far more than a share takes here.
const NONCES: u32 = 1 << 26;
/// Messages heard for one that is waited for.
const MAX_HEARD: usize = 10_000;

/// A channel and the group that it is told of work by.
pub struct Grouped<C> {
    pub channel: C,
    pub group: u32,
}

pub struct Miner {
    pub link: Link,
    pub extended: HashMap<u32, Grouped<ExtendedChannel>>,
    pub standard: HashMap<u32, Grouped<StandardChannel>>,
    /// Only what is meant to be a block is to be one.
    block_target: Target,
    /// What came and was not waited for yet.
    heard: Vec<MiningOwned>,
    sequence: u32,
    nonce: u32,
}

impl Miner {
    pub fn new(link: Link, block_target: Target) -> Miner {
        Miner {
            link,
            extended: HashMap::new(),
            standard: HashMap::new(),
            block_target,
            heard: Vec::new(),
            sequence: 0,
            nonce: 0,
        }
    }

    pub fn say(&mut self, message: MiningOwned) -> Outcome<()> {
        self.link.send(AnyMessageOwned::Mining(message))
    }

    /// The first message that `pick` takes, of those that came or will come.
    pub fn wait<T>(&mut self, what: &str, pick: impl Fn(&MiningOwned) -> Option<T>) -> Outcome<T> {
        let found = self.heard.iter().enumerate().find_map(|(i, message)| Some((i, pick(message)?)));
        if let Some((i, picked)) = found {
            self.heard.remove(i);
            return Ok(picked);
        }
        for _ in 0..MAX_HEARD {
            let message = self.hear().map_err(|error| format!("{error} (waiting for {what})"))?;
            if let Some(picked) = pick(&message) {
                return Ok(picked);
            }
            self.heard.push(message);
        }
        Err(format!("no {what} among {MAX_HEARD} messages"))
    }

    /// Waits for none of what came so far.
    pub fn forget(&mut self) {
        self.heard.clear();
    }

    /// Takes one message and lets the channels have it, each those of its own and of its group.
    fn hear(&mut self) -> Outcome<MiningOwned> {
        let message = match self.link.receive()?.0 {
            AnyMessageOwned::Mining(message) => message,
            other => return Err(format!("not a mining message: {other}")),
        };
        for (id, each) in &mut self.extended {
            tell_extended(*id, each, &message).map_err(|error| format!("{message}: {error}"))?;
        }
        for (id, each) in &mut self.standard {
            tell_standard(*id, each, &message).map_err(|error| format!("{message}: {error}"))?;
        }
        Ok(message)
    }

    pub fn extended(&mut self, id: u32) -> Outcome<&mut ExtendedChannel> {
        let each = self.extended.get_mut(&id).ok_or_else(|| format!("no extended channel {id}"))?;
        Ok(&mut each.channel)
    }

    pub fn standard(&mut self, id: u32) -> Outcome<&mut StandardChannel> {
        let each = self.standard.get_mut(&id).ok_or_else(|| format!("no standard channel {id}"))?;
        Ok(&mut each.channel)
    }

    /// Mines on the active job, or on `job_id` of the same tip, until `wanted(hash, target of the job)`.
    pub fn mine(
        &mut self,
        id: u32,
        job_id: Option<u32>,
        roll: Roll,
        wanted: impl Fn(Target, Target) -> bool,
    ) -> Outcome<SubmitSharesExtendedOwned> {
        let block_target = self.block_target;
        self.mine_any(id, job_id, roll, |hash, target| hash > block_target && wanted(hash, target))
    }

    /// Mines a share that is a block.
    pub fn mine_block(&mut self, id: u32) -> Outcome<SubmitSharesExtendedOwned> {
        let block_target = self.block_target;
        self.mine_any(id, None, Roll::default(), |hash, target| hash <= block_target && meets(hash, target))
    }

    fn mine_any(
        &mut self,
        id: u32,
        job_id: Option<u32>,
        roll: Roll,
        wanted: impl Fn(Target, Target) -> bool,
    ) -> Outcome<SubmitSharesExtendedOwned> {
        let first = self.nonce;
        let channel = self.extended(id)?;
        let size = channel.get_rollable_extranonce_size();
        let tip = channel.get_chain_tip().ok_or("no prev hash")?.clone();
        let job = job_on(channel, job_id).ok_or("no job")?;
        let extranonce = vec![0x5a; size.into()];
        let root = root_of(job, &extranonce)?;
        let version = job.job_message.version ^ roll.version_bits;
        let ntime = tip.min_ntime() + roll.seconds;
        let (job_id, target) = (job.job_message.job_id, job.target);
        let nonce = search(header(&tip, root, version, ntime), first, |hash| wanted(hash, target))?;
        self.nonce = nonce + 1;
        Ok(SubmitSharesExtendedOwned {
            channel_id: id,
            sequence_number: self.next_sequence(),
            job_id,
            nonce,
            ntime,
            version,
            extranonce: extranonce.try_into().in_words("extranonce")?,
        })
    }

    /// Mines on the active job of a standard channel.
    pub fn mine_standard(
        &mut self,
        id: u32,
        wanted: impl Fn(Target, Target) -> bool,
    ) -> Outcome<SubmitSharesStandard> {
        let block_target = self.block_target;
        self.mine_any_standard(id, |hash, target| hash > block_target && wanted(hash, target))
    }

    /// Mines a share of a standard channel that is a block.
    pub fn mine_standard_block(&mut self, id: u32) -> Outcome<SubmitSharesStandard> {
        let block_target = self.block_target;
        self.mine_any_standard(id, |hash, target| hash <= block_target && meets(hash, target))
    }

    fn mine_any_standard(
        &mut self,
        id: u32,
        wanted: impl Fn(Target, Target) -> bool,
    ) -> Outcome<SubmitSharesStandard> {
        let first = self.nonce;
        let channel = self.standard(id)?;
        let tip = channel.get_chain_tip().ok_or("no prev hash")?.clone();
        let StandardJob { job_message: job, target, .. } = channel.get_active_job().ok_or("no job")?;
        let (job_id, version, target) = (job.job_id, job.version, *target);
        let plain = header(&tip, job.merkle_root.to_array(), version, tip.min_ntime());
        let nonce = search(plain, first, |hash| wanted(hash, target))?;
        self.nonce = nonce + 1;
        let sequence_number = self.next_sequence();
        let ntime = tip.min_ntime();
        Ok(SubmitSharesStandard { channel_id: id, sequence_number, job_id, nonce, ntime, version })
    }

    /// Submits a share and requires the pool's answer and, on the same share, the reference implementation's.
    pub fn judge(
        &mut self,
        check: &str,
        mut share: SubmitSharesExtendedOwned,
        tlvs: &[Tlv],
        (pool, reference): (&str, &str),
    ) -> Outcome<()> {
        share.sequence_number = self.next_sequence();
        let own = self.extended(share.channel_id)?.validate_share(share.clone());
        let own = own.map_or_else(code_of, |_| ACCEPTED.to_string());
        let (id, sequence) = (share.channel_id, share.sequence_number);
        let message = MiningOwned::SubmitSharesExtended(share);
        self.link.send_with(AnyMessageOwned::Mining(message), tlvs)?;
        let answer = self.answer(id, sequence)?;
        equal(check, (answer.as_str(), own.as_str()), (pool, reference))
    }

    /// As `judge`, for a share of a standard channel.
    pub fn judge_standard(
        &mut self,
        check: &str,
        mut share: SubmitSharesStandard,
        (pool, reference): (&str, &str),
    ) -> Outcome<()> {
        share.sequence_number = self.next_sequence();
        let own = self.standard(share.channel_id)?.validate_share(share.clone());
        let own = own.map_or_else(code_of, |_| ACCEPTED.to_string());
        let (id, sequence) = (share.channel_id, share.sequence_number);
        self.say(MiningOwned::SubmitSharesStandard(share))?;
        let answer = self.answer(id, sequence)?;
        equal(check, (answer.as_str(), own.as_str()), (pool, reference))
    }

    /// The pool's answer to a share: accepted, or the error code.
    pub fn answer(&mut self, id: u32, sequence: u32) -> Outcome<String> {
        self.wait("an answer to a share", |message| match message {
            MiningOwned::SubmitSharesError(error)
                if error.channel_id == id && error.sequence_number == sequence =>
            {
                Some(error.error_code.as_utf8_or_hex())
            }
            MiningOwned::SubmitSharesSuccess(success)
                if success.channel_id == id && success.last_sequence_number == sequence =>
            {
                // One share at a time, each worth less than difficulty 1.
                let batch = (success.new_submits_accepted_count, success.new_shares_sum);
                Some(if batch == (1, 1) { ACCEPTED.to_string() } else { format!("{success}") })
            }
            _ => None,
        })
    }

    /// The prev hash, in hex as shown, of the next tip that reaches a channel or its group.
    pub fn next_tip(&mut self, id: u32) -> Outcome<String> {
        let extended = self.extended.get(&id).map(|each| each.group);
        let group = extended.or_else(|| self.standard.get(&id).map(|each| each.group));
        self.wait("a new prev hash", |message| match message {
            MiningOwned::SetNewPrevHash(tip) if tip.channel_id == id || Some(tip.channel_id) == group => {
                Some(tip.prev_hash.reversed_hex_string())
            }
            _ => None,
        })
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }
}

pub const ACCEPTED: &str = "accepted";

/// How a share's header differs from the plain one of its job.
#[derive(Clone, Copy, Default)]
pub struct Roll {
    /// Flipped in the job's version.
    pub version_bits: u32,
    /// After the tip's min_ntime.
    pub seconds: u32,
}

/// A job's hash that is good enough for it.
pub fn meets(hash: Target, target: Target) -> bool {
    hash <= target
}

fn job_on(channel: &ExtendedChannel, job_id: Option<u32>) -> Option<&ExtendedJob> {
    match job_id {
        None => channel.get_active_job(),
        Some(job_id) => channel.get_past_job(job_id),
    }
}

fn root_of(job: &ExtendedJob, rolled: &[u8]) -> Outcome<[u8; 32]> {
    let message = &job.job_message;
    let extranonce = [job.extranonce_prefix.as_slice(), rolled].concat();
    merkle_root_from_path(
        message.coinbase_tx_prefix.as_bytes(),
        message.coinbase_tx_suffix.as_bytes(),
        &extranonce,
        message.merkle_path.as_slice(),
    )
    .ok_or_else(|| "the job's coinbase is no coinbase transaction".to_string())
}

fn search(
    mut header: stratum_core::bitcoin::block::Header,
    first: u32,
    wanted: impl Fn(Target) -> bool,
) -> Outcome<u32> {
    for nonce in first..first + NONCES {
        header.nonce = nonce;
        if wanted(number(&header)) {
            return Ok(nonce);
        }
    }
    Err("the nonces ran out".to_string())
}

fn tell_extended(id: u32, each: &mut Grouped<ExtendedChannel>, message: &MiningOwned) -> Outcome<()> {
    let is_for = |channel_id: u32| channel_id == id || channel_id == each.group;
    let channel = &mut each.channel;
    match message {
        MiningOwned::NewExtendedMiningJob(job) if is_for(job.channel_id) => {
            channel.on_new_extended_mining_job(job.clone()).in_words("job")
        }
        MiningOwned::SetNewPrevHash(tip) if is_for(tip.channel_id) => {
            channel.on_set_new_prev_hash(tip.clone()).in_words("prev hash")
        }
        MiningOwned::SetTarget(set) if is_for(set.channel_id) => {
            let target = Target::from_le_bytes(set.maximum_target.to_array());
            channel.set_target(target).in_words("target")
        }
        _ => Ok(()),
    }
}

fn tell_standard(id: u32, each: &mut Grouped<StandardChannel>, message: &MiningOwned) -> Outcome<()> {
    let is_for = |channel_id: u32| channel_id == id || channel_id == each.group;
    let channel = &mut each.channel;
    match message {
        MiningOwned::NewMiningJob(job) if job.channel_id == id => {
            channel.on_new_mining_job(job.clone()).in_words("job")
        }
        MiningOwned::NewExtendedMiningJob(job) if job.channel_id == each.group => {
            channel.on_new_group_channel_job(job.clone()).in_words("job of the group")
        }
        MiningOwned::SetNewPrevHash(tip) if is_for(tip.channel_id) => {
            channel.on_set_new_prev_hash(tip.clone()).in_words("prev hash")
        }
        MiningOwned::SetTarget(set) if is_for(set.channel_id) => {
            let target = Target::from_le_bytes(set.maximum_target.to_array());
            channel.set_target(target).in_words("target")
        }
        _ => Ok(()),
    }
}

fn code_of(error: ShareValidationError) -> String {
    match error {
        ShareValidationError::Invalid(code)
        | ShareValidationError::Stale(code)
        | ShareValidationError::InvalidJobId(code)
        | ShareValidationError::DoesNotMeetTarget(code)
        | ShareValidationError::VersionRollingNotAllowed(code)
        | ShareValidationError::DuplicateShare(code)
        | ShareValidationError::BadExtranonceSize(code) => code.to_string(),
        ShareValidationError::NoChainTip => "no chain tip".to_string(),
    }
}
