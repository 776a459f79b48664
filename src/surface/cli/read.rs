//! Reads a command line.
//!
//! The words are parsed twice: first for the leading flags and the command's name, then with that
//! command alone. Only words that fail this are parsed with all commands, for help or a complaint.

use std::ffi::OsString;
use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

use clap::ArgMatches;
use clap_complete::Shell;

use super::flags::Flags;
use super::tree;
use crate::guide::Page;
use crate::ops::Entry;
use crate::surface::top::{Colours, Look};

/// A command line that was read.
pub struct Line {
    pub flags: Flags,
    pub wanted: Wanted,
}

/// The purpose of a command line.
pub enum Wanted {
    /// Serve an agent's client.
    Server,
    /// Watch the demo; `plain` asks for lines.
    Demo { plain: bool },
    /// Watch the workers.
    Top(Look),
    /// Answer once and exit.
    Answer(Ask),
}

/// A question that is answered once.
pub enum Ask {
    /// The screen for the program's name alone.
    Home,
    Call(&'static Entry, ArgMatches),
    Completions(Shell),
    /// The figures of the store, for a monitor.
    Metrics,
    Manual(Option<PathBuf>),
    /// A page of the guide.
    Page(&'static Page),
    /// Help, or a complaint about words that cannot be read.
    Help(Vec<OsString>),
}

/// Reads a command line; the first word is the program's own name.
pub fn read(words: impl IntoIterator<Item = OsString>) -> Line {
    let words: Vec<OsString> = words.into_iter().collect();
    if words.len() < 2 {
        return Line { flags: Flags::default(), wanted: bare() };
    }
    let Ok(opening) = tree::opening().try_get_matches_from(&words) else {
        return help(Flags::default(), words);
    };
    let flags = Flags::of(&opening);
    let Some((word, rest)) = opening.subcommand() else {
        return Line { flags, wanted: bare() };
    };
    if word == tree::HELP {
        let rest: Vec<OsString> = rest.get_many("").into_iter().flatten().cloned().collect();
        if let [topic] = &rest[..]
            && let Some(page) = topic.to_str().and_then(Page::on)
        {
            return Line { flags, wanted: Wanted::Answer(Ask::Page(page)) };
        }
        let words = words.into_iter().take(1).chain(rest);
        return help(flags, words.chain(["--help".into()]).collect());
    }
    let matches = tree::only(word).and_then(|tree| tree.try_get_matches_from(&words).ok());
    match matches.and_then(|matches| Some((Flags::of(&matches), command(matches)?))) {
        Some((flags, wanted)) => Line { flags, wanted },
        None => help(flags, words),
    }
}

/// Returns the purpose of a command line without a command: a server for a client, the
/// home screen for a person.
fn bare() -> Wanted {
    match stdin().is_terminal() {
        true => Wanted::Answer(Ask::Home),
        false => Wanted::Server,
    }
}

fn help(flags: Flags, words: Vec<OsString>) -> Line {
    let json = flags.json || words.iter().any(|word| word == "--json");
    Line { flags: Flags { json, ..flags }, wanted: Wanted::Answer(Ask::Help(words)) }
}

fn command(mut matches: ArgMatches) -> Option<Wanted> {
    let (name, matches) = matches.remove_subcommand()?;
    let ask = match name.as_str() {
        "serve" => return Some(Wanted::Server),
        "demo" => {
            let plain = matches.get_flag("plain");
            return Some(Wanted::Demo { plain });
        }
        "top" => {
            let colours = if matches.get_flag("color") { Colours::Yes } else { Colours::No };
            return Some(Wanted::Top(Look { once: matches.get_flag("once"), colours }));
        }
        "completions" => Ask::Completions(*matches.get_one("shell")?),
        "metrics" => Ask::Metrics,
        "man" => Ask::Manual(matches.get_one("out").cloned()),
        name => Ask::Call(tree::operation(name)?, matches),
    };
    Some(Wanted::Answer(ask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        read(std::iter::once("task-graph").chain(text.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for text in ["--json -vv -C there connect ann", "connect -C there ann --json -v -v"] {
            let line = line(text);

            assert!(line.flags.json, "{text}");
            assert_eq!(line.flags.verbosity, 2, "{text}");
            assert_eq!(line.flags.directory, Some("there".into()), "{text}");
            assert!(matches!(line.wanted, Wanted::Answer(Ask::Call(..))), "{text}");
        }
    }

    #[test]
    fn the_server_is_asked_for_by_name_or_by_a_client() {
        assert!(matches!(line("serve --toolset full").wanted, Wanted::Server));
        assert!(matches!(line("-C there").wanted, Wanted::Server | Wanted::Answer(Ask::Home)));
    }

    #[test]
    fn a_topic_is_a_page_of_the_guide() {
        let wanted = line("help waiting").wanted;

        assert!(matches!(wanted, Wanted::Answer(Ask::Page(Page { topic: "waiting", .. }))));
    }

    #[test]
    fn what_cannot_be_read_gets_help() {
        for text in ["conect", "connect --tagz a", "--help", "help connect", "-V", "--json --bad"] {
            let wanted = line(text).wanted;
            assert!(matches!(wanted, Wanted::Answer(Ask::Help(_))), "{text}");
        }
        assert!(line("conect --json").flags.json);
    }
}
