//! The only writer for people and scripts: answers go to standard output, complaints to standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::Table;
use serde_json::{Value, json};

use super::flags::Flags;
use super::json;
use crate::error::Error;
use crate::surface::compact;
use crate::surface::show::show;

const BAD: Style = AnsiColor::Red.on_default().bold();
const HELPFUL: Style = AnsiColor::Cyan.on_default().bold();

/// The format of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

impl Format {
    pub fn of(flags: &Flags) -> Self {
        match flags.json {
            true => Self::Json,
            false => Self::Text,
        }
    }

    pub fn answer(self, mut answer: Value) -> io::Result<()> {
        let text = match self {
            Self::Text => {
                compact::shorten_ids(&mut answer);
                show(&answer, Table::new().width())
            }
            Self::Json if io::stdout().is_terminal() => json::harmless(format!("{answer:#}\n")),
            Self::Json => json::harmless(format!("{answer}\n")),
        };
        say(&text)
    }

    /// Prints an error and the messages for the caller, one line each.
    pub fn complain(self, error: &Error, messages: &[String]) -> io::Result<()> {
        let text = match (self, messages) {
            (Self::Text, _) => in_words(error, messages),
            (Self::Json, []) => json::harmless(format!("{}\n", json!({ "error": error.to_json() }))),
            (Self::Json, _) => {
                json::harmless(format!("{}\n", json!({ "error": error.to_json(), "messages": messages })))
            }
        };
        anstream::stderr().lock().write_all(text.as_bytes())
    }
}

fn in_words(error: &Error, messages: &[String]) -> String {
    let hint = error.hint().map(|hint| format!("{HELPFUL}hint:{HELPFUL:#} {hint}\n"));
    let messages = messages.iter().map(|line| format!("{HELPFUL}message:{HELPFUL:#} {line}\n"));
    format!("{BAD}error:{BAD:#} {error}\n{}{}", hint.unwrap_or_default(), messages.collect::<String>())
}

/// Writes to standard output. A closed pipe is no failure.
pub fn say(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
