//! How the program ends: one number for each kind of failure.

use crate::error::Kind;

const KINDS: [Kind; 6] =
    [Kind::Internal, Kind::Input, Kind::NotFound, Kind::Refused, Kind::Busy, Kind::Setup];

/// Returns the exit code for a failure, and what it means.
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

/// Returns the table of exit codes, for the help.
pub fn table() -> String {
    let lines = KINDS.map(meaning).map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n  0  done\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_its_own_exit_code() {
        assert_eq!(KINDS.map(code), [1, 2, 3, 4, 5, 6]);
    }
}
