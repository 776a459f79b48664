//! Help, and complaints about a command line that cannot be read. clap writes both.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;

use super::flags::Flags;
use super::out::say;
use super::{exit, fail};
use crate::error::{Error, Kind};

/// Writes the help that `words` ask for, or the complaint about them.
pub fn answer(words: &[OsString], flags: &Flags, commands: Command) -> ExitCode {
    let Err(answer) = commands.try_get_matches_from(words) else {
        return fail(&Error::internal("the command line was read in two ways"), flags);
    };
    let written = match (answer.use_stderr(), flags.json) {
        (true, true) => return fail(&as_error(&answer), flags),
        (true, false) => answer.print(),
        (false, _) => say(&answer.render().ansi().to_string()),
    };
    match written {
        Ok(()) if answer.use_stderr() => exit::code(Kind::Input).into(),
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.into(), flags),
    }
}

/// Returns clap's complaint as an error: its first paragraph is the message, the rest is the hint.
fn as_error(complaint: &clap::Error) -> Error {
    let text = complaint.render().to_string();
    let (message, hint) = text.split_once("\n\n").unwrap_or((&text, ""));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::input(line(message.trim_start_matches("error: ")), line(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::surface::cli::tree;

    #[test]
    fn a_complaint_for_programs_names_what_was_meant() {
        let commands = tree::whole(&Config::builtin());
        let complaint = commands.try_get_matches_from(["task-graph", "conect"]).unwrap_err();

        let error = as_error(&complaint);

        assert_eq!(error.to_string(), "unrecognized subcommand 'conect'");
        assert!(error.hint().is_some_and(|hint| hint.contains("'connect'")), "{error:?}");
    }
}
