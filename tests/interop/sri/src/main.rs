//! A peer of hashpool's that speaks Stratum V2 with nothing but the reference implementation's crates:
//!
//!     sri-peer mining-client   --address=HOST:PORT --key=KEY --identity=NAME --block-bits=N
//!     sri-peer mining-server   --key=KEY --secret=SECRET --ehash=unasked|agreed|refused
//!     sri-peer template-client --address=HOST:PORT --key=KEY --transactions=N
//!     sri-peer job-taker       --key=KEY --secret=SECRET --mode=full-template|coinbase-only --shares=N
//!     sri-peer job-declarer    --address=HOST:PORT --key=KEY --jd-address=HOST:PORT --jd-key=KEY --transactions=N --missing=N
//!
//! Prints one line of JSON for each check and ends with 1 at the first that does not hold.

mod arguments;
mod declarator;
mod declared_job;
mod header;
mod job_declarer;
mod job_taker;
mod link;
mod mining_client;
mod mining_server;
mod rejections;
mod report;
mod standard;
mod template;
mod template_client;
mod work;

use std::process::ExitCode;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::of_process();
    let outcome = match arguments.role.as_str() {
        "mining-client" => mining_client::run(&arguments),
        "mining-server" => mining_server::run(&arguments),
        "job-taker" => job_taker::run(&arguments),
        "job-declarer" => job_declarer::run(&arguments),
        "template-client" => template_client::run(&arguments),
        other => Err(format!("no role {other:?}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("{words}");
            ExitCode::FAILURE
        }
    }
}
