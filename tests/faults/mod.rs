//! Instruments for failing disks and crashes, for tests and benches.
//!
//! A library that is loaded before the program (`disk.c`) records each change of a file in one
//! true order, or fails, delays and kills at a chosen call. A simulator replays the record into
//! the disks that a power cut may leave. Each scenario returns figures and faults; tests run a
//! short form of it, benches the long one.

mod answered;
mod check;
mod client;
pub mod disk;
pub mod full;
pub mod kills;
mod place;
pub mod power;
pub mod recording;
pub mod syncs;
pub mod twins;
pub mod waits;

use std::fmt;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The result of a scenario.
#[derive(Debug, Default)]
pub struct Outcome {
    pub figures: Vec<(&'static str, usize)>,
    pub faults: Vec<String>,
}

impl Outcome {
    fn count(&mut self, what: &'static str, number: usize) {
        match self.figures.iter_mut().find(|(name, _)| *name == what) {
            Some((_, sum)) => *sum += number,
            None => self.figures.push((what, number)),
        }
    }

    /// Adds the faults that were found at one moment.
    fn find(&mut self, moment: &str, faults: Vec<String>) {
        self.faults.extend(faults.into_iter().map(|fault| format!("{moment}: {fault}")));
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, number) in &self.figures {
            writeln!(f, "{number} {what}")?;
        }
        writeln!(f, "{} faults", self.faults.len())?;
        for fault in self.faults.iter().take(12) {
            writeln!(f, "  {fault}")?;
        }
        Ok(())
    }
}

/// Returns the seed of this run: `TASK_GRAPH_SEED`, or one from the clock.
pub fn seed() -> Result<usize> {
    match std::env::var("TASK_GRAPH_SEED") {
        Ok(seed) => Ok(seed.parse()?),
        Err(_) => {
            let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
            Ok(time.as_millis() as usize % 1_000_000)
        }
    }
}
