//! The peer as a job declarator server: it gives out tokens, has all transactions of a declared job shown to it, and
//! puts the block of a solution together.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::Arc;

use stratum_core::bitcoin::consensus::{deserialize, serialize};
use stratum_core::bitcoin::{Amount, Transaction, TxOut};
use stratum_core::common_messages_sv2::{Protocol, SetupConnectionSuccess};
use stratum_core::job_declaration_sv2::{
    AllocateMiningJobTokenOwned, AllocateMiningJobTokenSuccessOwned, DeclareMiningJobOwned,
    DeclareMiningJobSuccessOwned, ProvideMissingTransactionsOwned, ProvideMissingTransactionsSuccessOwned,
    PushSolutionOwned,
};
use stratum_core::parsers_sv2::{AnyMessageOwned, CommonMessagesOwned, JobDeclarationOwned};

use crate::declared_job::{pool_script, DeclaredJob};
use crate::link::{Link, VERSION};
use crate::report::{equal, hex, passed, require, InWords, Outcome};

/// A token that jobs may be set with, and the job that it stands for: none where transactions are nobody's business.
pub type Granted = (Vec<u8>, Option<Arc<DeclaredJob>>);

const DECLARE_TX_DATA: u32 = 1;

pub struct Declarator {
    link: Link,
    is_declared: bool,
    granted: Sender<Granted>,
    last_token: u64,
    /// Given out and not used yet, with the name that it was given to.
    allocated: HashMap<Vec<u8>, String>,
    /// Declared, and asked about.
    asked: Option<DeclareMiningJobOwned>,
    /// The newest last.
    declared: Vec<Arc<DeclaredJob>>,
}

impl Declarator {
    /// Lets the client in, which must be ready to show its transactions where it declares.
    pub fn set_up(mut link: Link, is_declared: bool, granted: Sender<Granted>) -> Outcome<Declarator> {
        let setup = match link.receive()?.0 {
            AnyMessageOwned::Common(CommonMessagesOwned::SetupConnection(setup)) => setup,
            other => return Err(format!("not SetupConnection: {other}")),
        };
        equal("the client declares jobs", setup.protocol, Protocol::JobDeclarationProtocol)?;
        let flags = if is_declared { DECLARE_TX_DATA } else { 0 };
        equal("it says whether it shows transactions", setup.flags, flags)?;
        let answer = SetupConnectionSuccess { used_version: VERSION, flags: 0 };
        link.send(AnyMessageOwned::Common(CommonMessagesOwned::SetupConnectionSuccess(answer)))?;
        Ok(Declarator {
            link,
            is_declared,
            granted,
            last_token: 0,
            allocated: HashMap::new(),
            asked: None,
            declared: Vec::new(),
        })
    }

    /// Until a solution comes.
    pub fn serve(&mut self) -> Outcome<()> {
        loop {
            let message = match self.link.receive()?.0 {
                AnyMessageOwned::JobDeclaration(message) => message,
                other => return Err(format!("not of job declaration: {other}")),
            };
            match message {
                JobDeclarationOwned::AllocateMiningJobToken(request) => self.allocate(request)?,
                JobDeclarationOwned::DeclareMiningJob(declaration) if self.is_declared => {
                    self.ask(declaration)?
                }
                JobDeclarationOwned::ProvideMissingTransactionsSuccess(shown) => self.judge(shown)?,
                JobDeclarationOwned::PushSolution(solution) => return self.solve(&solution),
                other => return Err(format!("not expected of a client: {other}")),
            }
        }
    }

    fn allocate(&mut self, request: AllocateMiningJobTokenOwned) -> Outcome<()> {
        let token = self.new_token();
        self.allocated.insert(token.clone(), request.user_identifier.as_utf8_or_hex());
        let output = TxOut { value: Amount::ZERO, script_pubkey: pool_script() };
        let coinbase_outputs = serialize(&vec![output]).try_into().in_words("outputs")?;
        if !self.is_declared {
            self.granted.send((token.clone(), None)).in_words("the pool is gone")?;
        }
        self.say(JobDeclarationOwned::AllocateMiningJobTokenSuccess(AllocateMiningJobTokenSuccessOwned {
            request_id: request.request_id,
            mining_job_token: token.try_into().in_words("token")?,
            coinbase_outputs,
        }))
    }

    /// Knows none of a job's transactions.
    fn ask(&mut self, declaration: DeclareMiningJobOwned) -> Outcome<()> {
        let token = declaration.mining_job_token.to_owned_bytes();
        let identity = self.allocated.remove(&token);
        let is_known = identity.is_some();
        require("a job is declared with a token of its own", is_known, identity.unwrap_or_default())?;
        let count = declaration.wtxid_list.len() as u16;
        passed("transactions of the declared job", count);
        let request = ProvideMissingTransactionsOwned {
            request_id: declaration.request_id,
            unknown_tx_position_list: (0..count).collect::<Vec<_>>().try_into().in_words("places")?,
        };
        self.asked = Some(declaration);
        self.say(JobDeclarationOwned::ProvideMissingTransactions(request))
    }

    fn judge(&mut self, shown: ProvideMissingTransactionsSuccessOwned) -> Outcome<()> {
        let declaration = self.asked.take().ok_or("transactions that nobody asked for")?;
        equal("the transactions answer their question", shown.request_id, declaration.request_id)?;
        let transactions = shown
            .transaction_list
            .iter()
            .map(|bytes| deserialize::<Transaction>(bytes.as_bytes()).in_words("transaction"))
            .collect::<Outcome<Vec<_>>>()?;
        let token = self.new_token();
        let job = Arc::new(DeclaredJob::of(&declaration, transactions)?);
        self.declared.push(job.clone());
        self.granted.send((token.clone(), Some(job))).in_words("the pool is gone")?;
        self.say(JobDeclarationOwned::DeclareMiningJobSuccess(DeclareMiningJobSuccessOwned {
            request_id: declaration.request_id,
            new_mining_job_token: token.try_into().in_words("token")?,
        }))
    }

    /// The solution is that of one of the jobs: of the others it has the wrong merkle root, and so no proof of work.
    fn solve(&self, solution: &PushSolutionOwned) -> Outcome<()> {
        let found = self.declared.iter().rev().find_map(|job| job.solved(solution).ok());
        let block = found.ok_or_else(|| format!("a solution of no declared job: {solution}"))?;
        passed("the block of the solution", hex(&serialize(&block)));
        passed("a solution is pushed", block.block_hash());
        Ok(())
    }

    /// As the reference implementation numbers its tokens.
    fn new_token(&mut self) -> Vec<u8> {
        self.last_token += 1;
        self.last_token.to_le_bytes().to_vec()
    }

    fn say(&mut self, message: JobDeclarationOwned) -> Outcome<()> {
        self.link.send(AnyMessageOwned::JobDeclaration(message))
    }
}
