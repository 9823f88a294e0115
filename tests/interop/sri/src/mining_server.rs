//! The peer as a pool for our translator. What it is to be mined on changes after each share, in the same order each
//! time: another job, another target, another tip.

use std::net::TcpListener;

use stratum_core::bitcoin::Target;
use stratum_core::channels_sv2::extranonce_manager::ExtranonceAllocator;
use stratum_core::channels_sv2::server::extended::ExtendedChannel;
use stratum_core::channels_sv2::server::share_accounting::ShareValidationResult;
use stratum_core::common_messages_sv2::{Protocol, SetupConnectionSuccess};
use stratum_core::extensions_sv2::{
    RequestExtensionsSuccessOwned, UserIdentity, EXTENSION_TYPE_WORKER_HASHRATE_TRACKING,
};
use stratum_core::mining_sv2::{
    NewExtendedMiningJobOwned, OpenExtendedMiningChannelOwned, OpenExtendedMiningChannelSuccessOwned,
    SetNewPrevHashOwned, SetTargetOwned, SubmitSharesErrorOwned, SubmitSharesExtendedOwned,
    SubmitSharesSuccess, UpdateChannelOwned,
};
use stratum_core::parsers_sv2::{
    AnyMessageOwned, CommonMessagesOwned, ExtensionsNegotiationOwned, ExtensionsOwned, MiningOwned, Tlv,
    TlvField,
};

use crate::arguments::Arguments;
use crate::link::{text, Link, VERSION};
use crate::mining_client::REQUIRES_VERSION_ROLLING;
use crate::report::{equal, hex, passed, require, InWords, Outcome};
use crate::template::{template, tip, whole_reward};

/// Hashpool's own extension, of which the reference implementation knows nothing.
const EHASH: u16 = 0x4548;
pub const LOCKING_KEY: u8 = 1;
const RESUME_TOKEN: u8 = 2;
const RESUME_TOKEN_BYTES: usize = 16;
const GROUP: u32 = 1;
const CHANNEL: u32 = 2;
const WATCH: u32 = 3;
const EXTRANONCE_BYTES: u8 = 20;
const MAX_CHANNELS: u32 = 65_536;
const SHARES_PER_MINUTE: f32 = 6.0;
/// Which is refused.
const LAST_SHARE: u32 = 5;

pub fn run(arguments: &Arguments) -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").in_words("listen")?;
    passed("listening", listener.local_addr().in_words("address")?.port());
    let mut link = Link::accept(&listener, arguments.text("key")?, arguments.text("secret")?)?;
    set_up(&mut link, REQUIRES_VERSION_ROLLING)?;
    let ehash = arguments.text("ehash")?;
    negotiate(&mut link, ehash)?;
    if ehash == "refused" {
        let error = link.receive().err().unwrap_or_default();
        return require("a pool that cannot pay is left", error.contains("UnexpectedEof"), error);
    }
    Pool::open(link)?.serve()
}

/// Lets a client in that says these flags.
pub fn set_up(link: &mut Link, flags: u32) -> Outcome<()> {
    let setup = match link.receive()?.0 {
        AnyMessageOwned::Common(CommonMessagesOwned::SetupConnection(setup)) => setup,
        other => return Err(format!("not SetupConnection: {other}")),
    };
    equal("the client speaks the mining protocol", setup.protocol, Protocol::MiningProtocol)?;
    equal("in version 2", (setup.min_version, setup.max_version), (VERSION, VERSION))?;
    equal("with the flags that it should have", setup.flags, flags)?;
    let answer = SetupConnectionSuccess { used_version: VERSION, flags: 0 };
    link.send(AnyMessageOwned::Common(CommonMessagesOwned::SetupConnectionSuccess(answer)))
}

/// Answers the first RequestExtensions; `ehash` says what is asked for, and what is agreed to.
pub fn negotiate(link: &mut Link, ehash: &str) -> Outcome<()> {
    let message = match link.receive()?.0 {
        AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(message)) => message,
        other => return Err(format!("not of the negotiation: {other}")),
    };
    let ExtensionsNegotiationOwned::RequestExtensions(request) = message else {
        return Err("not RequestExtensions".to_string());
    };
    let names = EXTENSION_TYPE_WORKER_HASHRATE_TRACKING;
    let (wanted, agreed) = match ehash {
        "unasked" => (vec![names], vec![names]),
        "agreed" => (vec![names, EHASH], vec![names, EHASH]),
        "refused" => (vec![names, EHASH], vec![names]),
        other => return Err(format!("--ehash={other}: none of unasked, agreed, refused")),
    };
    equal("its extensions are asked for", request.requested_extensions.into_inner(), wanted)?;
    link.extensions = agreed;
    agree(link, request.request_id)
}

/// Agrees to what was agreed to before.
pub fn agree(link: &mut Link, request_id: u16) -> Outcome<()> {
    let agreed = link.extensions.clone();
    let answer = RequestExtensionsSuccessOwned {
        request_id,
        supported_extensions: agreed.try_into().in_words("extensions")?,
    };
    let answer = ExtensionsNegotiationOwned::RequestExtensionsSuccess(answer);
    link.send(AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(answer)))
}

struct Pool {
    link: Link,
    channel: ExtendedChannel,
    template_id: u64,
    shares: u32,
}

impl Pool {
    /// Opens the channel by which the client sees that there is work, and the one that it asks for its miner.
    fn open(mut link: Link) -> Outcome<Pool> {
        let (wish, _) = wished(&mut link)?;
        passed("a channel to see the work by is asked for", &wish);
        let mut link = Pool::with_channel(link, WATCH, &wish)?.link;
        let (wish, tlvs) = wished(&mut link)?;
        passed("a channel is asked for", &wish);
        if link.extensions.contains(&EHASH) {
            let key = field(&tlvs, LOCKING_KEY).ok_or("the channel has no locking key")?;
            passed("the channel's locking key", hex(&key));
            let token = field(&tlvs, RESUME_TOKEN).ok_or("the channel has no resume token")?;
            equal("the channel can be resumed", token.len(), RESUME_TOKEN_BYTES)?;
        } else {
            equal("without ehash the channel has no fields of it", tlvs, vec![])?;
        }
        Pool::with_channel(link, CHANNEL, &wish)
    }

    fn with_channel(mut link: Link, channel_id: u32, wish: &OpenExtendedMiningChannelOwned) -> Outcome<Pool> {
        let channel = new_channel(channel_id, wish)?;
        link.send(AnyMessageOwned::Mining(MiningOwned::OpenExtendedMiningChannelSuccess(
            OpenExtendedMiningChannelSuccessOwned {
                request_id: wish.request_id,
                channel_id,
                target: channel.get_target().to_le_bytes().into(),
                extranonce_size: channel.get_rollable_extranonce_size(),
                extranonce_prefix: channel.get_extranonce_prefix().to_vec().try_into().in_words("prefix")?,
                group_channel_id: GROUP,
            },
        )))?;
        let mut pool = Pool { link, channel, template_id: 0, shares: 0 };
        pool.new_tip(channel_id)?;
        Ok(pool)
    }

    /// Until the client closes the channel, or leaves: it keeps the channel of a miner that may come back for a while.
    fn serve(&mut self) -> Outcome<()> {
        loop {
            let (message, tlvs) = match self.link.receive() {
                Err(words) if self.shares == LAST_SHARE && words.contains("UnexpectedEof") => {
                    passed("the client leaves after the last share", words);
                    return Ok(());
                }
                received => received?,
            };
            match message {
                AnyMessageOwned::Mining(MiningOwned::SubmitSharesExtended(share)) => {
                    self.take(share, &tlvs)?
                }
                AnyMessageOwned::Mining(MiningOwned::UpdateChannel(update)) => self.update(&update)?,
                AnyMessageOwned::Mining(MiningOwned::CloseChannel(close)) => {
                    return equal("the channel is closed with its miner", close.channel_id, CHANNEL);
                }
                // That is how the client asks whether anybody is there.
                AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(
                    ExtensionsNegotiationOwned::RequestExtensions(request),
                )) => agree(&mut self.link, request.request_id)?,
                other => return Err(format!("not expected of a miner: {other}")),
            }
        }
    }

    fn take(&mut self, share: SubmitSharesExtendedOwned, tlvs: &[Tlv]) -> Outcome<()> {
        self.shares += 1;
        let sequence_number = share.sequence_number;
        let name = UserIdentity::from_tlv(tlvs.first().ok_or("a share without a worker's name")?);
        let worker = name.in_words("worker's name")?.as_string_or_hex();
        let key = field(tlvs, LOCKING_KEY).map_or("none".to_string(), |key| hex(&key));
        let result = self.channel.validate_share(share).in_words("the reference implementation's verdict")?;
        let ShareValidationResult::Valid(hash) = result else {
            return Err("a block, at mainnet's difficulty".to_string());
        };
        passed(&format!("share {}", self.shares), format!("{hash} worker {worker} key {key}"));
        if self.shares == LAST_SHARE {
            // Not that it were wrong: the miner is to hear of it.
            return self.say(MiningOwned::SubmitSharesError(SubmitSharesErrorOwned {
                channel_id: CHANNEL,
                sequence_number,
                error_code: text("difficulty-too-low")?,
            }));
        }
        self.say(MiningOwned::SubmitSharesSuccess(SubmitSharesSuccess {
            channel_id: CHANNEL,
            last_sequence_number: sequence_number,
            new_submits_accepted_count: 1,
            new_shares_sum: 0,
        }))?;
        match self.shares {
            1 => self.new_job(),
            2 => self.new_target(),
            3 => self.new_tip(GROUP),
            _ => Ok(()),
        }
    }

    /// Another job on the same tip, for the group.
    fn new_job(&mut self) -> Outcome<()> {
        self.template_id += 1;
        let template = template(self.template_id, false)?;
        self.channel.on_new_template(template, whole_reward()).in_words("template")?;
        let job = self.channel.get_active_job().ok_or("no job")?.get_job_message().clone();
        self.say(MiningOwned::NewExtendedMiningJob(NewExtendedMiningJobOwned { channel_id: GROUP, ..job }))
    }

    /// A third of the target, which is no power of two any more, and a job that has it.
    fn new_target(&mut self) -> Outcome<()> {
        let mut bytes = self.channel.get_target().to_be_bytes();
        let mut rest = 0;
        for byte in &mut bytes {
            let value = rest * 256 + u16::from(*byte);
            *byte = (value / 3) as u8;
            rest = value % 3;
        }
        self.channel.set_target(Target::from_be_bytes(bytes)).in_words("target")?;
        self.tell_target()?;
        self.new_job()
    }

    /// A future job and the tip for it, to the channel or to its group.
    fn new_tip(&mut self, channel_id: u32) -> Outcome<()> {
        self.template_id += 1;
        let template = template(self.template_id, true)?;
        self.channel.on_new_template(template, whole_reward()).in_words("template")?;
        let job_id = self.channel.get_future_job_id_from_template_id(self.template_id).ok_or("no job")?;
        let job = self.channel.get_future_job(job_id).ok_or("no job")?.get_job_message().clone();
        self.say(MiningOwned::NewExtendedMiningJob(NewExtendedMiningJobOwned { channel_id, ..job }))?;
        let tip = tip(self.template_id)?;
        self.channel.on_set_new_prev_hash(tip.clone()).in_words("prev hash")?;
        self.say(MiningOwned::SetNewPrevHash(SetNewPrevHashOwned {
            channel_id,
            job_id,
            prev_hash: tip.prev_hash,
            min_ntime: tip.header_timestamp,
            nbits: tip.n_bits,
        }))
    }

    fn update(&mut self, update: &UpdateChannelOwned) -> Outcome<()> {
        let most = Target::from_le_bytes(update.maximum_target.to_array());
        self.channel.update_channel(update.nominal_hash_rate, Some(most)).in_words("update")?;
        self.tell_target()
    }

    fn tell_target(&mut self) -> Outcome<()> {
        let maximum_target = self.channel.get_target().to_le_bytes().into();
        self.say(MiningOwned::SetTarget(SetTargetOwned { channel_id: CHANNEL, maximum_target }))
    }

    fn say(&mut self, message: MiningOwned) -> Outcome<()> {
        self.link.send(AnyMessageOwned::Mining(message))
    }
}

pub fn wished(link: &mut Link) -> Outcome<(OpenExtendedMiningChannelOwned, Vec<Tlv>)> {
    let (message, tlvs) = link.receive()?;
    match message {
        AnyMessageOwned::Mining(MiningOwned::OpenExtendedMiningChannel(wish)) => Ok((wish, tlvs)),
        other => Err(format!("not OpenExtendedMiningChannel: {other}")),
    }
}

pub fn new_channel(channel_id: u32, wish: &OpenExtendedMiningChannelOwned) -> Outcome<ExtendedChannel> {
    let server_id = vec![0x53, 0x52];
    let mut allocator =
        ExtranonceAllocator::new(server_id, EXTRANONCE_BYTES, MAX_CHANNELS).in_words("allocator")?;
    let prefix = allocator.allocate_extended(wish.min_extranonce_size.into()).in_words("prefix")?;
    ExtendedChannel::new_for_pool(
        channel_id,
        wish.user_identity.as_utf8_or_hex(),
        prefix,
        Target::from_le_bytes(wish.max_target.to_array()),
        wish.nominal_hash_rate,
        true,
        allocator.rollable_extranonce_size().into(),
        1,
        SHARES_PER_MINUTE,
        "sri-peer".to_string(),
        None,
    )
    .in_words("channel")
}

/// A field of the ehash extension.
pub fn field(tlvs: &[Tlv], field_type: u8) -> Option<Vec<u8>> {
    tlvs.iter()
        .find(|tlv| tlv.r#type.extension_type == EHASH && tlv.r#type.field_type == field_type)
        .map(|tlv| tlv.value.clone())
}
