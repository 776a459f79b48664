//! Measures the speed, and checks the promises under load.
//!
//! `cargo bench` measures everything, `cargo bench -- quick` less of it, and
//! `cargo bench -- contention` one group. Real server processes are driven over
//! their pipes. Each figure stands beside a floor that was measured in the same
//! minute on the same disk. Machines differ, and fsync differs most, so only the
//! ratios can be compared. A missed bar is only shown. A broken promise (a lock
//! error, a task claimed twice or too early or lost, a damaged file) ends the
//! program with exit code 1. `power`, `kills` and `waits` are promises only: disks
//! after a power cut, processes killed at a system call, commands beside servers
//! that have waited. `TASK_GRAPH_SEED` repeats a run.

mod bare;
mod bulk;
mod client;
mod contention;
mod crash;
#[cfg(target_os = "linux")]
#[path = "../tests/support/dice.rs"]
mod dice;
mod disks;
mod drain;
mod failing;
#[cfg(target_os = "linux")]
#[path = "../tests/faults/mod.rs"]
mod faults;
mod floor;
mod graph;
mod ground;
mod operations;
mod proc;
mod queue;
mod report;
mod samples;
mod start;
mod witness;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use ground::{Ground, Scale};
use report::Table;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A function that measures one group.
type Group = fn(&Ground) -> Result<Table>;

/// All groups, by their names.
const GROUPS: &[(&str, Group)] = &[
    ("start", start::measure),
    ("operations", operations::measure),
    ("bulk", bulk::measure),
    ("contention", contention::measure),
    ("big", contention::measure_big),
    ("crash", crash::measure),
    ("queue", queue::measure),
    ("failing", failing::measure),
    ("power", disks::power),
    ("kills", disks::kills),
    ("waits", disks::waits),
];

fn main() -> Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let Some(served) = bare::play(&words) {
        return served.map(|()| ExitCode::SUCCESS);
    }
    let scale = match words.iter().any(|word| word == "quick") {
        true => Scale::Quick,
        false => Scale::Full,
    };
    let named: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "quick").collect();
    if let Some(unknown) = named.iter().find(|word| !is_group(word)) {
        let known: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
        return Err(
            format!("no group is called `{unknown}`; there are {} and `quick`", known.join(", ")).into()
        );
    }
    run(scale, &named)
}

fn is_group(word: &str) -> bool {
    GROUPS.iter().any(|(name, _)| *name == word)
}

fn run(scale: Scale, named: &[&str]) -> Result<ExitCode> {
    let ground = Ground::new(scale)?;
    let mut out = io::stdout().lock();
    let mut broken = false;
    for (name, measure) in GROUPS {
        if !named.is_empty() && !named.contains(name) {
            continue;
        }
        let begin = Instant::now();
        let table = measure(&ground)?;
        broken |= table.is_broken();
        writeln!(out, "\n{name} ({:.0} s)\n{table}", begin.elapsed().as_secs_f64())?;
    }
    Ok(match broken {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}
