//! The peer as a pool that takes its work from our template provider.

use stratum_core::bitcoin::consensus::deserialize;
use stratum_core::bitcoin::hashes::{sha256d, Hash};
use stratum_core::bitcoin::{Target, Transaction, WitnessCommitment, WitnessMerkleNode};
use stratum_core::channels_sv2::extranonce_manager::ExtranonceAllocator;
use stratum_core::channels_sv2::merkle_root::{merkle_root_from_path, merkle_root_from_path_};
use stratum_core::channels_sv2::outputs::deserialize_template_outputs;
use stratum_core::channels_sv2::server::extended::ExtendedChannel;
use stratum_core::channels_sv2::server::share_accounting::ShareValidationResult;
use stratum_core::common_messages_sv2::Protocol;
use stratum_core::mining_sv2::SubmitSharesExtendedOwned;
use stratum_core::parsers_sv2::{AnyMessageOwned, TemplateDistributionOwned};
use stratum_core::template_distribution_sv2::{
    CoinbaseOutputConstraints, NewTemplateOwned, RequestTransactionData, RequestTransactionDataSuccessOwned,
    SetNewPrevHashOwned, SubmitSolutionOwned,
};

use crate::arguments::Arguments;
use crate::header::{header, number};
use crate::link::Link;
use crate::mining_client::ANY_TARGET;
use crate::rejections::refused_setup;
use crate::report::{equal, passed, require, InWords, Outcome};
use crate::template::reward;

const OUTPUTS_BYTES: u32 = 100;
const OUTPUTS_SIGOPS: u16 = 4;
const EXTRANONCE_BYTES: u8 = 12;
/// Messages looked at for one that is waited for.
const MAX_MESSAGES: usize = 1000;

pub fn run(arguments: &Arguments) -> Outcome<()> {
    let address = arguments.text("address")?;
    let key = arguments.text("key")?;
    let mining = (Protocol::MiningProtocol, crate::link::VERSION, 0);
    refused_setup(address, key, mining, "unsupported-protocol")?;
    let mut link = Link::connect(address, key)?;
    let flags = link.set_up(Protocol::TemplateDistributionProtocol, 0)?;
    equal("SetupConnection is answered without flags", flags, 0)?;
    constrain(&mut link)?;

    let (template, tip) = next_pair(&mut link)?;
    let count = arguments.number("transactions")?;
    let transactions = transactions_of(&mut link, &template, count)?;
    root_and_commitment(&template, &transactions)?;
    let unknown = answer(&mut link, 0xffff_ffff_ffff)?.err();
    equal("an unknown template has no transactions", unknown.as_deref(), Some("template-id-not-found"))?;

    let (hash, solution) = solve(&template, &tip)?;
    say(&mut link, TemplateDistributionOwned::SubmitSolution(solution))?;
    let (_, next) = next_pair(&mut link)?;
    equal("the solution is the next tip", next.prev_hash.reversed_hex_string(), hash)?;
    let stale = answer(&mut link, template.template_id)?.err();
    equal("the old template is stale", stale.as_deref(), Some("stale-template-id"))
}

/// Asks for templates with room for the peer's outputs.
pub fn constrain(link: &mut Link) -> Outcome<()> {
    let room = CoinbaseOutputConstraints {
        coinbase_output_max_additional_size: OUTPUTS_BYTES,
        coinbase_output_max_additional_sigops: OUTPUTS_SIGOPS,
    };
    say(link, TemplateDistributionOwned::CoinbaseOutputConstraints(room))
}

/// A future template and the tip that activates it.
pub fn next_pair(link: &mut Link) -> Outcome<(NewTemplateOwned, SetNewPrevHashOwned)> {
    let template = wait(link, |message| match message {
        TemplateDistributionOwned::NewTemplate(template) if template.future_template => Some(template),
        _ => None,
    })?;
    let tip = wait(link, |message| match message {
        TemplateDistributionOwned::SetNewPrevHash(tip) => Some(tip),
        _ => None,
    })?;
    equal("a tip activates the template before it", tip.template_id, template.template_id)?;
    let network = Target::from_compact(stratum_core::bitcoin::CompactTarget::from_consensus(tip.n_bits));
    equal("its target is that of its bits", Target::from_le_bytes(tip.target.to_array()), network)?;
    Ok((template, tip))
}

pub fn transactions_of(
    link: &mut Link,
    template: &NewTemplateOwned,
    count: usize,
) -> Outcome<Vec<Transaction>> {
    let success = answer(link, template.template_id)?.map_err(|code| format!("no transactions: {code}"))?;
    equal("the witness of the coinbase is 32 zero bytes", success.excess_data.as_bytes(), &[0; 32])?;
    let transactions: Vec<Transaction> = success
        .transaction_list
        .iter()
        .map(|bytes| deserialize(bytes.as_bytes()).in_words("transaction"))
        .collect::<Outcome<_>>()?;
    equal("all transactions come", transactions.len(), count)?;
    Ok(transactions)
}

/// What the template says of its transactions follows from them.
fn root_and_commitment(template: &NewTemplateOwned, transactions: &[Transaction]) -> Outcome<()> {
    // Any transaction id in the coinbase's place gives the same root, by the path and by the whole tree.
    let any = [7; 32];
    let leaves = transactions.iter().map(|each| each.compute_txid().to_byte_array());
    let root = tree(any, leaves);
    let by_path = merkle_root_from_path_(any, template.merkle_path.as_slice());
    equal("the merkle path is that of the transactions", by_path, root)?;
    let leaves = transactions.iter().map(|each| each.compute_wtxid().to_byte_array());
    let witness_root = WitnessMerkleNode::from_byte_array(tree([0; 32], leaves));
    let commitment: WitnessCommitment =
        stratum_core::bitcoin::Block::compute_witness_commitment(&witness_root, &[0; 32]);
    let outputs = deserialize_template_outputs(
        template.coinbase_tx_outputs.to_owned_bytes(),
        template.coinbase_tx_outputs_count,
    )
    .in_words("outputs")?;
    let script = [[0x6a, 36, 0xaa, 0x21, 0xa9, 0xed].as_slice(), &commitment.to_byte_array()].concat();
    let committed = outputs.iter().any(|output| output.script_pubkey.as_bytes() == script);
    require("the coinbase commits to their witnesses", committed, format!("{outputs:?}"))
}

/// The merkle root of hashes.
pub fn tree(first: [u8; 32], others: impl Iterator<Item = [u8; 32]>) -> [u8; 32] {
    let hashes = std::iter::once(first).chain(others).map(sha256d::Hash::from_byte_array);
    let root: Option<sha256d::Hash> = stratum_core::bitcoin::merkle_tree::calculate_root(hashes);
    root.map_or([0; 32], |root| root.to_byte_array())
}

/// Mines the template as the reference implementation's pool would; gives the block's hash as shown, and the solution.
fn solve(template: &NewTemplateOwned, tip: &SetNewPrevHashOwned) -> Outcome<(String, SubmitSolutionOwned)> {
    let mut allocator = ExtranonceAllocator::new(vec![], EXTRANONCE_BYTES, 256).in_words("allocator")?;
    let prefix = allocator.allocate_extended(4).in_words("prefix")?;
    let size: u16 = allocator.rollable_extranonce_size().into();
    let most = Target::from_le_bytes(ANY_TARGET);
    let tag = "sri-peer".to_string();
    let mut channel =
        ExtendedChannel::new_for_pool(1, String::new(), prefix, most, 1e6, true, size, 1, 6.0, tag, None)
            .in_words("channel")?;
    let outputs = reward(template.coinbase_tx_value_remaining);
    channel.on_new_template(template.clone(), outputs).in_words("template")?;
    channel.on_set_new_prev_hash(tip.clone()).in_words("prev hash")?;
    let job = channel.get_active_job().ok_or("no job")?;
    let (job_id, version) = (job.get_job_id(), job.get_version());
    let rolled = vec![9; size.into()];
    let root = merkle_root_from_path(
        &job.get_coinbase_tx_prefix_without_bip141(),
        &job.get_coinbase_tx_suffix_without_bip141(),
        &[channel.get_extranonce_prefix(), rolled.as_slice()].concat(),
        job.get_merkle_path().as_slice(),
    )
    .ok_or("the coinbase is no coinbase transaction")?;
    let mut header = header(channel.get_chain_tip().ok_or("no tip")?, root, version, tip.header_timestamp);
    let target = Target::from_le_bytes(tip.target.to_array());
    while number(&header) > target {
        header.nonce += 1;
    }
    let share = SubmitSharesExtendedOwned {
        channel_id: 1,
        sequence_number: 1,
        job_id,
        nonce: header.nonce,
        ntime: tip.header_timestamp,
        version,
        extranonce: rolled.try_into().in_words("extranonce")?,
    };
    match channel.validate_share(share).in_words("the block as a share")? {
        ShareValidationResult::BlockFound(hash, Some(template_id), coinbase) => {
            passed("a block is found", hash);
            let solution = SubmitSolutionOwned {
                template_id,
                version,
                header_timestamp: tip.header_timestamp,
                header_nonce: header.nonce,
                coinbase_tx: coinbase.try_into().in_words("coinbase")?,
            };
            Ok((header.block_hash().to_string(), solution))
        }
        other => Err(format!("not a block: {other:?}")),
    }
}

/// The answer to RequestTransactionData: the data, or the error code.
fn answer(link: &mut Link, template_id: u64) -> Outcome<Result<RequestTransactionDataSuccessOwned, String>> {
    let request = RequestTransactionData { template_id };
    say(link, TemplateDistributionOwned::RequestTransactionData(request))?;
    wait(link, |message| match message {
        TemplateDistributionOwned::RequestTransactionDataSuccess(success)
            if success.template_id == template_id =>
        {
            Some(Ok(success))
        }
        TemplateDistributionOwned::RequestTransactionDataError(error) if error.template_id == template_id => {
            Some(Err(error.error_code.as_utf8_or_hex()))
        }
        _ => None,
    })
}

fn say(link: &mut Link, message: TemplateDistributionOwned) -> Outcome<()> {
    link.send(AnyMessageOwned::TemplateDistribution(message))
}

fn wait<T>(link: &mut Link, pick: impl Fn(TemplateDistributionOwned) -> Option<T>) -> Outcome<T> {
    for _ in 0..MAX_MESSAGES {
        let AnyMessageOwned::TemplateDistribution(message) = link.receive()?.0 else {
            return Err("a message of another protocol".to_string());
        };
        if let Some(picked) = pick(message) {
            return Ok(picked);
        }
    }
    Err(format!("not among {MAX_MESSAGES} messages"))
}
