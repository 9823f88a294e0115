//! The peer as a miner that declares a job of its own to our jd-server, and finds its block.

use stratum_core::bitcoin::consensus::{deserialize, serialize};
use stratum_core::bitcoin::hashes::Hash;
use stratum_core::bitcoin::{Amount, Target, Transaction, TxOut};
use stratum_core::channels_sv2::chain_tip::ChainTip;
use stratum_core::channels_sv2::extranonce_manager::ExtranonceAllocator;
use stratum_core::channels_sv2::merkle_root::merkle_root_from_path;
use stratum_core::channels_sv2::server::extended::ExtendedChannel;
use stratum_core::common_messages_sv2::Protocol;
use stratum_core::job_declaration_sv2::{
    AllocateMiningJobTokenOwned, AllocateMiningJobTokenSuccessOwned, DeclareMiningJobOwned,
    ProvideMissingTransactionsSuccessOwned, PushSolutionOwned,
};
use stratum_core::parsers_sv2::{AnyMessageOwned, JobDeclarationOwned};
use stratum_core::template_distribution_sv2::{NewTemplateOwned, SetNewPrevHashOwned};

use crate::arguments::Arguments;
use crate::header::{header, number};
use crate::link::Link;
use crate::mining_client::ANY_TARGET;
use crate::rejections::refused_setup;
use crate::report::{equal, passed, require, InWords, Outcome};
use crate::template_client::{constrain, next_pair, transactions_of};

const DECLARE_TX_DATA: u32 = 1;
const EXTRANONCE_BYTES: u8 = 12;
const ASKED: u32 = 4;
const DECLARED: u32 = 5;

pub fn run(arguments: &Arguments) -> Outcome<()> {
    let address = arguments.text("jd-address")?;
    let key = arguments.text("jd-key")?;
    let without = (Protocol::JobDeclarationProtocol, crate::link::VERSION, 0);
    refused_setup(address, key, without, "missing-declare-tx-data-flag")?;
    let mut templates = Link::connect(arguments.text("address")?, arguments.text("key")?)?;
    templates.set_up(Protocol::TemplateDistributionProtocol, 0)?;
    constrain(&mut templates)?;
    let (template, tip) = next_pair(&mut templates)?;
    let transactions = transactions_of(&mut templates, &template, arguments.number("transactions")?)?;

    let mut link = Link::connect(address, key)?;
    let flags = link.set_up(Protocol::JobDeclarationProtocol, DECLARE_TX_DATA)?;
    equal("SetupConnection is answered without flags", flags, 0)?;
    let allocated = allocate(&mut link)?;
    let job = Job::of(&template, &tip, outputs(&allocated, template.coinbase_tx_value_remaining)?)?;
    say(&mut link, JobDeclarationOwned::DeclareMiningJob(declaration(&job, &allocated, &transactions)?))?;
    let asked = answer(&mut link, &transactions)?;
    equal("transactions that were asked for", asked, arguments.number("missing")?)?;

    let (hash, solution) = job.solve(&tip)?;
    passed("a block is found", &hash);
    say(&mut link, JobDeclarationOwned::PushSolution(solution))?;
    let (_, next) = next_pair(&mut templates)?;
    equal("the solution is the next tip", next.prev_hash.reversed_hex_string(), hash)
}

fn allocate(link: &mut Link) -> Outcome<AllocateMiningJobTokenSuccessOwned> {
    let user_identifier = "sri.rig".to_string().try_into().in_words("identifier")?;
    let request = AllocateMiningJobTokenOwned { user_identifier, request_id: ASKED };
    say(link, JobDeclarationOwned::AllocateMiningJobToken(request))?;
    match hear(link)? {
        JobDeclarationOwned::AllocateMiningJobTokenSuccess(success) => {
            equal("the token answers its request", success.request_id, ASKED)?;
            Ok(success)
        }
        other => Err(format!("no token: {other}")),
    }
}

/// What the pool wants in the coinbase, the whole value in its first output.
fn outputs(allocated: &AllocateMiningJobTokenSuccessOwned, value: u64) -> Outcome<Vec<TxOut>> {
    let mut outputs: Vec<TxOut> = deserialize(allocated.coinbase_outputs.as_bytes()).in_words("outputs")?;
    let empty = outputs.iter().all(|output| output.value == Amount::ZERO);
    require("the pool's outputs are empty yet", empty, format!("{outputs:?}"))?;
    let first = outputs.first_mut().ok_or("the pool has no output")?;
    first.value = Amount::from_sat(value);
    Ok(outputs)
}

fn declaration(
    job: &Job,
    allocated: &AllocateMiningJobTokenSuccessOwned,
    transactions: &[Transaction],
) -> Outcome<DeclareMiningJobOwned> {
    let wtxids: Vec<_> =
        transactions.iter().map(|each| each.compute_wtxid().to_byte_array().into()).collect();
    let extended = job.channel.get_active_job().ok_or("no job")?;
    Ok(DeclareMiningJobOwned {
        request_id: DECLARED,
        mining_job_token: allocated.mining_job_token.clone(),
        version: extended.get_version(),
        coinbase_tx_prefix: extended.get_coinbase_tx_prefix_with_bip141().try_into().in_words("prefix")?,
        coinbase_tx_suffix: extended.get_coinbase_tx_suffix_with_bip141().try_into().in_words("suffix")?,
        wtxid_list: wtxids.try_into().in_words("wtxids")?,
        excess_data: vec![].try_into().in_words("excess data")?,
    })
}

/// Sends what is missing, until the job is taken; gives how many transactions were asked for.
fn answer(link: &mut Link, transactions: &[Transaction]) -> Outcome<usize> {
    let mut asked = 0;
    loop {
        match hear(link)? {
            JobDeclarationOwned::ProvideMissingTransactions(missing) => {
                let places = missing.unknown_tx_position_list.as_slice();
                asked += places.len();
                let list = places
                    .iter()
                    .map(|place| serialize(&transactions[*place as usize]).try_into().in_words("transaction"))
                    .collect::<Outcome<Vec<_>>>()?;
                let transaction_list = list.try_into().in_words("transactions")?;
                let success = ProvideMissingTransactionsSuccessOwned {
                    request_id: missing.request_id,
                    transaction_list,
                };
                say(link, JobDeclarationOwned::ProvideMissingTransactionsSuccess(success))?;
            }
            JobDeclarationOwned::DeclareMiningJobSuccess(success) => {
                equal("the job's token answers its declaration", success.request_id, DECLARED)?;
                return Ok(asked);
            }
            other => return Err(format!("the job was not taken: {other}")),
        }
    }
}

/// A job of a template, made by the reference implementation's channel.
struct Job {
    channel: ExtendedChannel,
    extranonce: Vec<u8>,
}

impl Job {
    fn of(template: &NewTemplateOwned, tip: &SetNewPrevHashOwned, outputs: Vec<TxOut>) -> Outcome<Job> {
        let mut allocator = ExtranonceAllocator::new(vec![], EXTRANONCE_BYTES, 256).in_words("allocator")?;
        let prefix = allocator.allocate_extended(4).in_words("prefix")?;
        let size: u16 = allocator.rollable_extranonce_size().into();
        let most = Target::from_le_bytes(ANY_TARGET);
        let tag = "sri-peer".to_string();
        let mut channel =
            ExtendedChannel::new_for_pool(1, String::new(), prefix, most, 1e6, true, size, 1, 6.0, tag, None)
                .in_words("channel")?;
        channel.on_new_template(template.clone(), outputs).in_words("template")?;
        channel.on_set_new_prev_hash(tip.clone()).in_words("prev hash")?;
        let extranonce = [channel.get_extranonce_prefix(), vec![5; size.into()].as_slice()].concat();
        Ok(Job { channel, extranonce })
    }

    /// Mines it; gives the block's hash as shown, and the solution.
    fn solve(&self, tip: &SetNewPrevHashOwned) -> Outcome<(String, PushSolutionOwned)> {
        let job = self.channel.get_active_job().ok_or("no job")?;
        let chain_tip: &ChainTip = self.channel.get_chain_tip().ok_or("no tip")?;
        let root = merkle_root_from_path(
            &job.get_coinbase_tx_prefix_without_bip141(),
            &job.get_coinbase_tx_suffix_without_bip141(),
            &self.extranonce,
            job.get_merkle_path().as_slice(),
        )
        .ok_or("the coinbase is no coinbase transaction")?;
        let mut header = header(chain_tip, root, job.get_version(), tip.header_timestamp);
        let target = Target::from_le_bytes(tip.target.to_array());
        while number(&header) > target {
            header.nonce += 1;
        }
        let solution = PushSolutionOwned {
            extranonce: self.extranonce.clone().try_into().in_words("extranonce")?,
            prev_hash: tip.prev_hash.clone(),
            nonce: header.nonce,
            ntime: tip.header_timestamp,
            nbits: tip.n_bits,
            version: job.get_version(),
        };
        Ok((header.block_hash().to_string(), solution))
    }
}

fn say(link: &mut Link, message: JobDeclarationOwned) -> Outcome<()> {
    link.send(AnyMessageOwned::JobDeclaration(message))
}

fn hear(link: &mut Link) -> Outcome<JobDeclarationOwned> {
    match link.receive()?.0 {
        AnyMessageOwned::JobDeclaration(message) => Ok(message),
        _ => Err("a message of another protocol".to_string()),
    }
}
