//! Exit codes: one for each kind of failure, and for each kind of shortfall in an answer.

use crate::error::Kind;
use crate::ops::Shortfall;

const KINDS: [Kind; 6] =
    [Kind::Internal, Kind::Input, Kind::NotFound, Kind::Refused, Kind::Busy, Kind::Setup];

const SHORTFALLS: [Shortfall; 2] = [Shortfall::TimeUp, Shortfall::EndedBadly];

/// Returns the exit code for a failure, and its meaning.
fn meaning(kind: Kind) -> (u8, &'static str) {
    match kind {
        Kind::Internal => (1, "something broke that should not"),
        Kind::Input => (2, "the command line cannot be understood"),
        Kind::NotFound => (3, "there is nothing of that name"),
        Kind::Refused => (4, "a rule says no: wait, or choose otherwise"),
        Kind::Busy => (5, "the store stayed busy: try again"),
        Kind::Setup => (6, "the store or the configuration needs a hand"),
    }
}

/// Returns the exit code for a failure.
pub fn code(kind: Kind) -> u8 {
    meaning(kind).0
}

/// Returns the exit code for an answer with a shortfall, and its meaning.
fn lack(shortfall: Shortfall) -> (u8, &'static str) {
    match shortfall {
        Shortfall::TimeUp => (7, "time was up before it happened"),
        Shortfall::EndedBadly => (8, "what was waited for has ended, but not well"),
    }
}

/// Returns the exit code for an answer.
pub fn code_of(shortfall: Option<Shortfall>) -> u8 {
    shortfall.map_or(0, |shortfall| lack(shortfall).0)
}

/// Returns the table of exit codes, for the help.
pub fn table() -> String {
    let meanings = KINDS.map(meaning).into_iter().chain(SHORTFALLS.map(lack));
    let lines: Vec<String> = meanings.map(|(code, meaning)| format!("  {code}  {meaning}")).collect();
    format!("Exit codes:\n  0  done\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_its_own_exit_code() {
        assert_eq!(KINDS.map(code), [1, 2, 3, 4, 5, 6]);
        assert_eq!(SHORTFALLS.map(|shortfall| code_of(Some(shortfall))), [7, 8]);
        assert_eq!(code_of(None), 0);
    }
}
