//! The face for people and scripts: a command for each operation.

mod argument;
mod exit;
mod export;
mod feed;
mod flags;
mod help;
mod home;
mod json;
mod metrics;
mod out;
mod pages;
mod progress;
mod read;
mod records;
mod sheet;
mod source;
mod totals;
mod tree;

use std::process::ExitCode;

use clap::{ArgMatches, Command};

pub use flags::Flags;
pub use home::CLIENTS;
pub use read::{Ask, Line, Wanted, read};

use crate::config::Config;
use crate::config::Project;
use crate::error::{Error, Result};
use crate::ops::{Entry, Input};
use crate::{App, Effect};
use feed::Feed;
use out::Format;
use sheet::Sheet;

/// Answers a command line, and returns the exit code.
pub fn run(
    ask: Ask,
    flags: &Flags,
    project: Result<Project>,
    open: impl FnOnce(Project) -> Result<App>,
) -> ExitCode {
    let answered = match ask {
        Ask::Home => home::screen(project, open).map(|()| ExitCode::SUCCESS),
        Ask::Call(entry, matches) => call(entry, &matches, flags, || project.and_then(open)),
        Ask::Completions(shell) => pages::completions(commands(project), shell).map(|()| ExitCode::SUCCESS),
        Ask::Manual(folder) => {
            pages::manual(commands(project), folder.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Ask::Page(page) => out::say(page.text).map(|()| ExitCode::SUCCESS).map_err(Error::from),
        Ask::Metrics => {
            project.and_then(open).and_then(|app| metrics::print(&app)).map(|()| ExitCode::SUCCESS)
        }
        Ask::Help(words) => return help::answer(&words, flags, commands(project)),
    };
    answered.unwrap_or_else(|error| fail(&error, flags))
}

/// Prints an error, and returns the exit code.
pub fn fail(error: &Error, flags: &Flags) -> ExitCode {
    fail_with(error, &[], flags)
}

/// Prints an error and the messages for the caller, and returns the exit code.
fn fail_with(error: &Error, messages: &[String], flags: &Flags) -> ExitCode {
    // If standard error is closed, the exit code still reports the error.
    let _ = Format::of(flags).complain(error, messages);
    exit::code(error.kind()).into()
}

fn call(
    entry: &Entry,
    matches: &ArgMatches,
    flags: &Flags,
    open: impl FnOnce() -> Result<App>,
) -> Result<ExitCode> {
    let request = tree::request(entry, matches).map_err(|error| hinted(error, entry))?;
    let app = open()?;
    if let Some(feed) = Feed::wanted(matches) {
        return feed.run(entry, &app, request, Format::of(flags)).map_err(|error| hinted(error, entry));
    }
    if let Some(sheet) = Sheet::wanted(matches).filter(|_| !entry.columns.is_empty()) {
        export::run(entry, &app, request, sheet).map_err(|error| hinted(error, entry))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (outcome, rider) = entry.answer(&app, Input::of(request)).packed();
    let code = match outcome {
        Ok(answer) => {
            let shortfall = (entry.shortfall)(&answer);
            Format::of(flags).answer(answer)?;
            exit::code_of(shortfall).into()
        }
        Err(error) => {
            let messages = rider.as_ref().map_or(&[][..], |rider| &rider.lines);
            fail_with(&hinted(error, entry), messages, flags)
        }
    };
    if let Some(rider) = rider {
        rider.receipt.hand_in(&app);
    }
    if entry.effect != Effect::Read && code == ExitCode::SUCCESS && app.store.is_untidy()? {
        app.tidy()?;
    }
    Ok(code)
}

/// Adds the command's help as a hint to an input error without one.
fn hinted(error: Error, entry: &Entry) -> Error {
    match error {
        Error::Input { message, hint } if hint.is_empty() => {
            let command = tree::dashed(entry.name);
            Error::input(message, format!("`task-graph help {command}` says what it takes"))
        }
        error => error,
    }
}

/// Returns all commands, with the project's vocabulary if its configuration can be read.
fn commands(project: Result<Project>) -> Command {
    let config = project.map_or_else(|_| Config::builtin(), |project| project.config);
    tree::whole(&config)
}
