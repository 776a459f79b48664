//! The commands, made from the catalogue.
//!
//! A call builds only its own command, without the project's vocabulary, to start fast. Help,
//! complaints and completions build all commands, with the vocabulary.

use clap::builder::PathBufValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use serde_json::{Map, Value};

use super::argument::Argument;
pub use super::argument::dashed;
use super::feed::Feed;
use super::flags::Flags;
use super::source::Source;
use super::{exit, export};
use crate::error::Result;
use crate::guide::PAGES;
use crate::ops::{CATALOGUE, Entry, Vocabulary, find, other_names};

pub const NAME: &str = "task-graph";

/// The command that is short for `COMMAND --help`.
pub const HELP: &str = "help";

const VALUES: &str = "A value `@FILE` is read from that file, `-` from standard input.";
/// The layout of an operation's help: its whole doc comment, in place of one line.
const LAYOUT: &str = "{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// A vocabulary without words: every word is accepted here, and the operation checks it.
pub struct AnyWord;

impl Vocabulary for AnyWord {
    fn words(&self, _mark: &str) -> Option<Vec<String>> {
        None
    }
}

/// Returns the program without its commands, to read the flags before the first of them.
pub fn opening() -> Command {
    root().allow_external_subcommands(true)
}

/// Returns the program with the one command that `word` names, if there is one.
pub fn only(word: &str) -> Option<Command> {
    let own = own().into_iter().find(|command| command.get_name() == word);
    let command = own.or_else(|| operation(word).map(|entry| command(entry, &AnyWord)))?;
    Some(root().subcommand(command))
}

/// Returns the program with all its commands.
pub fn whole(vocabulary: &dyn Vocabulary) -> Command {
    let operations = CATALOGUE.iter().map(|entry| command(entry, vocabulary));
    root().subcommand_required(true).subcommands(operations).subcommands(own()).after_help(format!(
        "{VALUES}\n\n{}\n\n{}",
        topics(),
        exit::table()
    ))
}

/// Returns the operation of a command, in any spelling.
pub fn operation(word: &str) -> Option<&'static Entry> {
    let name = word.replace('-', "_");
    find(&name).ok()
}

/// Returns the request for the command line of an operation.
pub fn request(entry: &Entry, matches: &ArgMatches) -> Result<Map<String, Value>> {
    values(&entry.arguments(&AnyWord), matches)
}

fn values(schema: &Map<String, Value>, matches: &ArgMatches) -> Result<Map<String, Value>> {
    let mut source = Source::default();
    let arguments = Argument::all(schema).into_iter();
    let values = arguments.map(|argument| argument.value(matches, &mut source));
    values.filter_map(Result::transpose).collect()
}

fn root() -> Command {
    let command = Command::new(NAME).version(env!("CARGO_PKG_VERSION")).about(env!("CARGO_PKG_DESCRIPTION"));
    Flags::on(command)
}

/// Returns the commands that are no operations.
fn own() -> [Command; 7] {
    let plain = Arg::new("plain").long("plain").action(ArgAction::SetTrue);
    let once = Arg::new("once").long("once").action(ArgAction::SetTrue);
    let color = Arg::new("color").long("color").alias("colour").action(ArgAction::SetTrue);
    let shell = Arg::new("shell").required(true).value_parser(value_parser!(Shell));
    let folder = Arg::new("out").long("out").value_name("DIR").value_parser(PathBufValueParser::new());
    [
        Command::new("serve").about("Serve an agent's client over standard input and output (MCP)"),
        Command::new("demo")
            .about("Watch four workers share a graph of tasks; takes a few seconds")
            .arg(plain.help("Write lines, also to a terminal")),
        Command::new("metrics").about("Print the figures of the store as Prometheus reads them"),
        Command::new("top")
            .about("Watch the workers; keys stop, redirect and release them")
            .args([once.help("Print it and leave, as in a pipe"), color.help("Print it in colours")]),
        Command::new("completions")
            .about("Print what makes a shell complete these commands")
            .arg(shell.help("The shell to print it for")),
        Command::new("man")
            .about("Print the manual page, or write one for each command")
            .arg(folder.help("Write the pages into this folder")),
        Command::new(HELP)
            .about("Explain the program or a command, or print a page of the guide")
            .arg(Arg::new("command").value_name("COMMAND|TOPIC")),
    ]
}

/// Returns the line that lists the topics of the guide.
fn topics() -> String {
    let topics: Vec<&str> = PAGES.iter().map(|page| page.topic).collect();
    format!("Topics of `help`: {}.", topics.join(", "))
}

fn command(entry: &Entry, vocabulary: &dyn Vocabulary) -> Command {
    let name = dashed(entry.name);
    let alias = (name != entry.name).then_some(entry.name);
    let command = Command::new(name)
        .aliases(alias)
        .aliases(entry.other_names().flat_map(|name| [name.to_owned(), dashed(name)]))
        .about(entry.summary())
        .long_about(entry.description())
        .before_help(entry.description())
        .after_help(VALUES)
        .help_template(LAYOUT);
    let schema = entry.arguments(vocabulary);
    let command = with_arguments(command, entry.positional, &schema);
    command.args(Feed::flags(&schema).into_iter().flatten()).args(export::flag(entry))
}

fn with_arguments(command: Command, positional: &[&str], schema: &Map<String, Value>) -> Command {
    let mut arguments = Argument::all(schema);
    let mut command = command;
    let mut required = true;
    for name in positional {
        let Some(at) = arguments.iter().position(|argument| argument.is_called(name)) else {
            continue;
        };
        let argument = arguments.remove(at);
        // A positional can only be required if all before it are.
        required &= argument.is_required();
        command = command.args(argument.positional(name.ends_with('…'), required));
    }
    let command = command.args(arguments.iter().map(Argument::flag));
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_free = |name: &&str| !properties.is_some_and(|known| known.contains_key(*name));
    command.mut_args(|arg| {
        let name = arg.get_long().unwrap_or_default().replace('-', "_");
        arg.aliases(other_names(&name).filter(is_free).map(dashed).collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;

    fn schema() -> Map<String, Value> {
        let schema = json!({
            "properties": {
                "worker_id": { "type": "string" },
                "task": { "type": "string", "description": "The task." },
                "others": { "type": "array", "items": { "type": "string" } },
                "limit": { "type": "integer", "default": 10 },
                "ready": { "type": "boolean" },
                "on_duplicate": { "type": "string", "enum": ["existing", "error"] },
                "states": { "type": "array", "items": { "enum": ["pending", "working"] } },
                "tree": { "type": "object", "properties": { "title": { "type": "string" } } },
            },
            "required": ["worker_id", "task"],
        });
        schema.as_object().unwrap().clone()
    }

    fn typed(words: &str) -> Result<Value, String> {
        let schema = schema();
        let command = with_arguments(Command::new("try"), &["task", "others…"], &schema);
        let command = root().subcommand(command);
        let words = ["task-graph", "try"].into_iter().chain(words.split(' '));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        let (_, matches) = matches.subcommand().unwrap();
        let values = values(&schema, matches).map_err(|error| error.to_string())?;
        Ok(Value::Object(values))
    }

    #[test]
    fn words_and_flags_become_the_request() {
        let cases = [
            ("t1", json!({ "task": "t1" })),
            ("--task t1", json!({ "task": "t1" })),
            ("t1 a b,c", json!({ "task": "t1", "others": ["a", "b", "c"] })),
            ("t1 --others a --others b", json!({ "task": "t1", "others": ["a", "b"] })),
            ("t1 --limit -3", json!({ "task": "t1", "limit": -3 })),
            ("t1 --ready", json!({ "task": "t1", "ready": true })),
            ("t1 --ready=false x", json!({ "task": "t1", "others": ["x"], "ready": false })),
            ("t1 --worker-id ann", json!({ "worker_id": "ann", "task": "t1" })),
            ("t1 --worker_id=ann", json!({ "worker_id": "ann", "task": "t1" })),
            ("t1 --on_duplicate error", json!({ "task": "t1", "on_duplicate": "error" })),
            ("t1 --states pending,working", json!({ "task": "t1", "states": ["pending", "working"] })),
            (r#"t1 --tree {"title":"x"}"#, json!({ "task": "t1", "tree": { "title": "x" } })),
            ("@@t1", json!({ "task": "@t1" })),
        ];
        for (words, request) in cases {
            assert_eq!(typed(words), Ok(request), "{words}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_what_was_meant() {
        let cases = [
            ("--ready", "<TASK>"),
            ("t1 --redy", "'--ready'"),
            ("t1 --on-duplicate eror", "'error'"),
            ("t1 --states pending,workin", "'working'"),
            ("t1 --task t2", "cannot be used with"),
            ("t1 --limit many", "`--limit` takes an integer, not `many`"),
            ("t1 --tree {", "`--tree` takes JSON"),
        ];
        for (words, told) in cases {
            let complaint = typed(words).unwrap_err();
            assert!(complaint.contains(told), "{words}: {complaint}");
        }
    }

    #[test]
    fn the_catalogue_makes_valid_commands() {
        whole(&Config::builtin()).debug_assert();
        for entry in CATALOGUE {
            assert!(own().iter().all(|own| own.get_name() != entry.name), "{}", entry.name);
            only(entry.name).unwrap().debug_assert();
        }
    }

    #[test]
    fn no_argument_is_called_like_a_global_flag() {
        let mut root = root();
        root.build();
        let globals: Vec<&str> = root.get_arguments().filter_map(Arg::get_long).collect();
        assert_eq!(globals.len(), 8, "{globals:?}");
        for entry in CATALOGUE {
            let schema = entry.arguments(&AnyWord);
            let mut names = schema["properties"].as_object().unwrap().keys();
            let taken = names.find(|name| globals.contains(&name.as_str()));
            assert_eq!(taken, None, "an argument of `{}`", entry.name);
        }
    }
}
