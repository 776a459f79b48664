//! The flags that may stand before or after any command.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::Toolset;

/// The flags that every command takes.
#[derive(Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub database: Option<PathBuf>,
    pub directory: Option<PathBuf>,
    pub toolset: Option<Toolset>,
    pub verbosity: u8,
    pub json: bool,
}

impl Flags {
    pub fn of(matches: &ArgMatches) -> Self {
        let path = |id| matches.get_one::<PathBuf>(id).cloned();
        Self {
            config: path("config"),
            database: path("database"),
            directory: path("directory"),
            toolset: matches.get_one("toolset").copied(),
            verbosity: matches.get_count("verbose"),
            json: matches.get_flag("json"),
        }
    }

    /// Returns `command` with these flags.
    ///
    /// Its help has one form, a line for each flag: clap's long form fills screens, and agents read it too.
    pub fn on(command: Command) -> Command {
        let path = |id: &'static str, short, name: &'static str| {
            Arg::new(id).short(short).value_name(name).value_parser(PathBufValueParser::new())
        };
        let flags = [
            path("config", 'c', "FILE").help("Read this configuration"),
            path("database", 'd', "FILE").help("Use this store"),
            path("directory", 'C', "DIR").help("Start in this folder"),
            Arg::new("toolset")
                .value_name("TOOLSET")
                .value_parser(
                    PossibleValuesParser::new(["core", "full", "queue"])
                        .try_map(|name| name.parse::<Toolset>()),
                )
                .help("Show agents this many tools"),
            Arg::new("verbose")
                .short('v')
                .action(ArgAction::Count)
                .help("Say more about what happens; again for more"),
            Arg::new("json").action(ArgAction::SetTrue).help("Answer in JSON, with whole ids"),
            Arg::new("help")
                .short('h')
                .action(ArgAction::HelpShort)
                .help("Explain the program, or the command"),
        ];
        let command = command.disable_help_flag(true).disable_help_subcommand(true);
        flags.into_iter().fold(command, |command, flag| {
            let long = flag.get_id().to_string();
            command.arg(flag.long(long).global(true).help_heading("Global options"))
        })
    }
}
