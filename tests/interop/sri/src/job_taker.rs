//! The peer as a pool whose client makes its jobs itself, and as the job declarator server beside it.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::mpsc::{channel, Receiver};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use stratum_core::bitcoin::hashes::sha256d;
use stratum_core::bitcoin::Target;
use stratum_core::channels_sv2::merkle_root::merkle_root_from_path_;
use stratum_core::channels_sv2::server::extended::ExtendedChannel;
use stratum_core::channels_sv2::server::share_accounting::ShareValidationResult;
use stratum_core::extensions_sv2::UserIdentity;
use stratum_core::mining_sv2::{
    OpenExtendedMiningChannelSuccessOwned, SetCustomMiningJobOwned, SetCustomMiningJobSuccess,
    SetTargetOwned, SubmitSharesExtendedOwned, SubmitSharesSuccess, UpdateChannelOwned,
};
use stratum_core::parsers_sv2::{
    AnyMessageOwned, ExtensionsNegotiationOwned, ExtensionsOwned, MiningOwned, Tlv, TlvField,
};

use crate::arguments::Arguments;
use crate::declarator::{Declarator, Granted};
use crate::declared_job::{pays_the_pool, DeclaredJob};
use crate::link::Link;
use crate::mining_client::{REQUIRES_VERSION_ROLLING, REQUIRES_WORK_SELECTION};
use crate::mining_server::{agree, field, negotiate, new_channel, set_up, wished, LOCKING_KEY};
use crate::report::{equal, hex, passed, require, InWords, Outcome};

/// A client has reason to be silent until its miner finds something.
const PATIENCE: Duration = Duration::from_secs(60);
const CHANNEL: u32 = 7;
const GROUP: u32 = 1;

pub fn run(arguments: &Arguments) -> Outcome<()> {
    let is_declared = match arguments.text("mode")? {
        "full-template" => true,
        "coinbase-only" => false,
        other => return Err(format!("--mode={other}: none of full-template, coinbase-only")),
    };
    let (key, secret) = (arguments.text("key")?, arguments.text("secret")?);
    let shares = arguments.number("shares")?;
    let (granted, tokens) = channel();
    let listener = listen("the declarator listens")?;
    let (declarator_key, declarator_secret) = (key.to_string(), secret.to_string());
    let declaring = thread::spawn(move || {
        let declare = || {
            let link = Link::accept(&listener, &declarator_key, &declarator_secret)?;
            link.set_patience(PATIENCE)?;
            Declarator::set_up(link, is_declared, granted)?.serve()
        };
        // The pool would wait for what never comes.
        if let Err(words) = declare() {
            eprintln!("{words}");
            std::process::exit(1);
        }
    });
    let mut link = Link::accept(&listen("the pool listens")?, key, secret)?;
    link.set_patience(PATIENCE)?;
    set_up(&mut link, REQUIRES_WORK_SELECTION | REQUIRES_VERSION_ROLLING)?;
    negotiate(&mut link, "agreed")?;
    Pool::open(link, tokens)?.serve(shares)?;
    if !is_declared {
        return Ok(());
    }
    declaring.join().map_err(|_| "the declarator ended in panic".to_string())
}

fn listen(check: &str) -> Outcome<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").in_words("listen")?;
    passed(check, listener.local_addr().in_words("address")?.port());
    Ok(listener)
}

struct Pool {
    link: Link,
    channel: ExtendedChannel,
    /// What comes from the declarator.
    tokens: Receiver<Granted>,
    /// Good for one job each.
    granted: HashMap<Vec<u8>, Option<Arc<DeclaredJob>>>,
    shares: u32,
}

impl Pool {
    /// A channel without a job: those are the client's to make.
    fn open(mut link: Link, tokens: Receiver<Granted>) -> Outcome<Pool> {
        let (wish, _) = wished(&mut link)?;
        passed("a channel is asked for", &wish);
        let channel = new_channel(CHANNEL, &wish)?;
        let size = channel.get_rollable_extranonce_size();
        let is_enough = size >= wish.min_extranonce_size;
        require("its extranonce is as long as it wishes", is_enough, size)?;
        link.send(AnyMessageOwned::Mining(MiningOwned::OpenExtendedMiningChannelSuccess(
            OpenExtendedMiningChannelSuccessOwned {
                request_id: wish.request_id,
                channel_id: CHANNEL,
                target: channel.get_target().to_le_bytes().into(),
                extranonce_size: size,
                extranonce_prefix: channel.get_extranonce_prefix().to_vec().try_into().in_words("prefix")?,
                group_channel_id: GROUP,
            },
        )))?;
        Ok(Pool { link, channel, tokens, granted: HashMap::new(), shares: 0 })
    }

    /// Until so many shares came.
    fn serve(&mut self, shares: u32) -> Outcome<()> {
        while self.shares < shares {
            let (message, tlvs) = self.link.receive()?;
            match message {
                AnyMessageOwned::Mining(MiningOwned::SetCustomMiningJob(job)) => self.set(job)?,
                AnyMessageOwned::Mining(MiningOwned::SubmitSharesExtended(share)) => {
                    self.take(share, &tlvs)?
                }
                AnyMessageOwned::Mining(MiningOwned::UpdateChannel(update)) => self.update(&update)?,
                // That is how the client asks whether anybody is there.
                AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(
                    ExtensionsNegotiationOwned::RequestExtensions(request),
                )) => agree(&mut self.link, request.request_id)?,
                other => return Err(format!("not expected of who makes its jobs itself: {other}")),
            }
        }
        Ok(())
    }

    fn set(&mut self, set: SetCustomMiningJobOwned) -> Outcome<()> {
        self.granted.extend(self.tokens.try_iter());
        let token = set.token.to_owned_bytes();
        let granted = self.granted.remove(&token);
        let declared = granted.ok_or_else(|| format!("a job with a token that is used or unknown: {set}"))?;
        equal("a job is set on the channel", set.channel_id, CHANNEL)?;
        let job_id = self.channel.on_set_custom_mining_job(set.clone()).in_words("job")?;
        let job = self.channel.get_active_job().ok_or("no job")?;
        pays_the_pool(job.get_coinbase_outputs())?;
        if let Some(declared) = declared {
            let prefix = job.get_coinbase_tx_prefix_with_bip141();
            equal(
                "the coinbase is the declared one, up to the extranonce",
                hex(&prefix),
                hex(&declared.prefix),
            )?;
            let suffix = job.get_coinbase_tx_suffix_with_bip141();
            equal("and after it", hex(&suffix), hex(&declared.suffix))?;
            equal("the version is the declared one", set.version, declared.version)?;
            let any = [7; 32];
            let root = merkle_root_from_path_(any, set.merkle_path.as_slice());
            equal(
                "the merkle path is that of the declared transactions",
                hex(&root),
                hex(&declared.root_of(any)),
            )?;
        }
        self.say(MiningOwned::SetCustomMiningJobSuccess(SetCustomMiningJobSuccess {
            channel_id: CHANNEL,
            request_id: set.request_id,
            job_id,
        }))
    }

    fn take(&mut self, share: SubmitSharesExtendedOwned, tlvs: &[Tlv]) -> Outcome<()> {
        self.shares += 1;
        let sequence_number = share.sequence_number;
        let name = UserIdentity::from_tlv(tlvs.first().ok_or("a share without a worker's name")?);
        let worker = name.in_words("worker's name")?.as_string_or_hex();
        let key = hex(&field(tlvs, LOCKING_KEY).ok_or("a share without a key")?);
        let result = self.channel.validate_share(share).in_words("the reference implementation's verdict")?;
        // On a chain this easy nearly each share is a block to who looks at its bits alone.
        let hash: sha256d::Hash = match result {
            ShareValidationResult::Valid(hash) | ShareValidationResult::BlockFound(hash, _, _) => hash.into(),
        };
        passed(&format!("share {}", self.shares), format!("{hash} worker {worker} key {key}"));
        self.say(MiningOwned::SubmitSharesSuccess(SubmitSharesSuccess {
            channel_id: CHANNEL,
            last_sequence_number: sequence_number,
            new_submits_accepted_count: 1,
            new_shares_sum: 0,
        }))
    }

    fn update(&mut self, update: &UpdateChannelOwned) -> Outcome<()> {
        let most = Target::from_le_bytes(update.maximum_target.to_array());
        self.channel.update_channel(update.nominal_hash_rate, Some(most)).in_words("update")?;
        let maximum_target = self.channel.get_target().to_le_bytes().into();
        self.say(MiningOwned::SetTarget(SetTargetOwned { channel_id: CHANNEL, maximum_target }))
    }

    fn say(&mut self, message: MiningOwned) -> Outcome<()> {
        self.link.send(AnyMessageOwned::Mining(message))
    }
}
