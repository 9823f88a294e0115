//! A job that a client has declared, with all that its block is made of.

use stratum_core::bitcoin::block::{Header, Version};
use stratum_core::bitcoin::consensus::deserialize;
use stratum_core::bitcoin::hashes::Hash;
use stratum_core::bitcoin::{
    Block, BlockHash, CompactTarget, ScriptBuf, Transaction, TxMerkleNode, TxOut, Txid,
};
use stratum_core::job_declaration_sv2::{DeclareMiningJobOwned, PushSolutionOwned};

use crate::report::{equal, require, InWords, Outcome};
use crate::template_client::tree;

/// Version 4, marker and flag 2, number of inputs 1, outpoint 36: then comes the script's length.
const SCRIPT_LENGTH_AT: usize = 43;

pub struct DeclaredJob {
    pub prefix: Vec<u8>,
    pub suffix: Vec<u8>,
    pub version: u32,
    transactions: Vec<Transaction>,
}

impl DeclaredJob {
    /// Checks what follows from the transactions: their ids, the commitment to them, the coinbase's form and whom it pays.
    pub fn of(declaration: &DeclareMiningJobOwned, transactions: Vec<Transaction>) -> Outcome<DeclaredJob> {
        let job = DeclaredJob {
            prefix: declaration.coinbase_tx_prefix.to_owned_bytes(),
            suffix: declaration.coinbase_tx_suffix.to_owned_bytes(),
            version: declaration.version,
            transactions,
        };
        let named: Vec<[u8; 32]> = declaration.wtxid_list.iter().map(|each| each.to_array()).collect();
        let sent: Vec<[u8; 32]> =
            job.transactions.iter().map(|each| each.compute_wtxid().to_byte_array()).collect();
        equal("the transactions are those that were named", sent, named)?;
        let extranonce = vec![0; job.extranonce_bytes()?];
        let block = job.block(&extranonce, empty_header(job.version))?;
        let coinbase = block.txdata.first().ok_or("no coinbase")?;
        require("the first transaction is a coinbase", coinbase.is_coinbase(), coinbase.compute_txid())?;
        equal("it commits to the transactions' witnesses", block.check_witness_commitment(), true)?;
        pays_the_pool(&coinbase.output)?;
        Ok(job)
    }

    /// The merkle root of a coinbase's id, whichever, and the job's transactions.
    pub fn root_of(&self, coinbase: [u8; 32]) -> [u8; 32] {
        tree(coinbase, self.transactions.iter().map(Transaction::compute_txid).map(Txid::to_byte_array))
    }

    /// The block of a solution, where its proof of work is good and its merkle root that of its transactions.
    pub fn solved(&self, solution: &PushSolutionOwned) -> Outcome<Block> {
        let header = Header {
            version: Version::from_consensus(solution.version as i32),
            prev_blockhash: BlockHash::from_byte_array(solution.prev_hash.to_array()),
            merkle_root: TxMerkleNode::all_zeros(),
            time: solution.ntime,
            bits: CompactTarget::from_consensus(solution.nbits),
            nonce: solution.nonce,
        };
        let mut block = self.block(solution.extranonce.as_bytes(), header)?;
        block.header.merkle_root = block.compute_merkle_root().ok_or("no merkle root")?;
        block.header.validate_pow(block.header.target()).in_words("proof of work")?;
        Ok(block)
    }

    fn extranonce_bytes(&self) -> Outcome<usize> {
        let length = *self.prefix.get(SCRIPT_LENGTH_AT).ok_or("the coinbase prefix ends too soon")?;
        let end = SCRIPT_LENGTH_AT + 1 + usize::from(length);
        end.checked_sub(self.prefix.len()).ok_or("the coinbase prefix is longer than its script".to_string())
    }

    fn block(&self, extranonce: &[u8], header: Header) -> Outcome<Block> {
        let coinbase = [self.prefix.as_slice(), extranonce, self.suffix.as_slice()].concat();
        let coinbase = deserialize(&coinbase).in_words("coinbase")?;
        Ok(Block { header, txdata: [vec![coinbase], self.transactions.clone()].concat() })
    }
}

/// The script that jobs are to pay.
pub fn pool_script() -> ScriptBuf {
    ScriptBuf::from_bytes(vec![0x51])
}

/// All that is paid is paid to the pool.
pub fn pays_the_pool(outputs: &[TxOut]) -> Outcome<()> {
    let (paying, empty): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.value.to_sat() > 0);
    let is_paid = !paying.is_empty() && paying.iter().all(|output| output.script_pubkey == pool_script());
    require(
        "the coinbase pays the pool and nobody else",
        is_paid,
        format!("{paying:?} and {} empty", empty.len()),
    )
}

fn empty_header(version: u32) -> Header {
    Header {
        version: Version::from_consensus(version as i32),
        prev_blockhash: BlockHash::all_zeros(),
        merkle_root: TxMerkleNode::all_zeros(),
        time: 0,
        bits: CompactTarget::from_consensus(0),
        nonce: 0,
    }
}
