//! Who may use whom, where foreign crates appear, and how long things may be.
//!
//! The rules are the tables here, so that changing one is a visible act.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use task_graph::ops::{CATALOGUE, Entry, Shelf};

/// What each part may name of this crate: modules, and the names at its root. The first that fits counts.
const USES: &[(&str, &[&str])] = &[
    ("src/domain/", &["domain"]),
    ("src/process.rs", &["domain"]),
    ("src/error.rs", &["domain"]),
    ("src/store/", &["domain", "error"]),
    ("src/config/", &["domain", "error", "config", "Error", "Result"]),
    ("src/guide.rs", &[]),
    ("src/mailbag.rs", &["domain"]),
    ("src/caller.rs", &["config", "domain", "process"]),
    ("src/app.rs", &["caller", "config", "domain", "error", "mailbag", "process", "store", "Effect"]),
    (
        "src/ops/",
        &[
            "App", "Context", "Current", "Effect", "Error", "config", "domain", "error", "mailbag", "ops",
            "process", "store",
        ],
    ),
    // Knows what a generated id looks like, to show its end only.
    ("src/surface/compact.rs", &["domain"]),
    // Knows the program from outside, as a client does.
    ("src/demo/", &["demo"]),
    // Knows by whom this process was started, and how.
    ("src/surface/mcp/ending.rs", &["App", "ops", "process", "surface"]),
    // Reckons with times and ids, and knows what states mean.
    ("src/surface/top/", &["App", "domain", "error", "ops"]),
    (
        "src/surface/",
        &[
            "App",
            "Caller",
            "Effect",
            "Error",
            "Listening",
            "Patience",
            "Result",
            "config",
            "error",
            "guide",
            "ops",
            "surface",
        ],
    ),
];

/// What a face may know of operations: that there are some, and how to call one.
const FACE_OF_OPS: &[&str] = &[
    "Actor",
    // What came out of a call, and what a face hands in when that is written.
    "Answer",
    "Receipt",
    "CATALOGUE",
    "Described",
    "Entry",
    "Input",
    "Request",
    "Shelf",
    "Shortfall",
    "Stay",
    "Vocabulary",
    "check_arguments",
    // How texts are written as cells, and read back.
    "csv_cell",
    "names_for_queues",
    // What a server owes the workers that speak through it.
    "clients",
    "find",
    "nearest",
    "other_names",
    "self",
    // What a face completes names from.
    "Names",
    "Subject",
    "names",
];

/// Where a face says a word that an operation is called by.
const KNOWN_BY_NAME: &[(&str, &str)] = &[
    // What `task-graph` alone shows.
    ("src/surface/cli/home.rs", "status_summary"),
    // What `task-graph metrics` prints.
    ("src/surface/cli/metrics.rs", "stats"),
    // The flag `--config`.
    ("src/surface/cli/flags.rs", "config"),
    // Which operation a resource asks: an address cannot be made from a name.
    ("src/surface/mcp/resources/table.rs", "list_tasks"),
    ("src/surface/mcp/resources/table.rs", "scan"),
    ("src/surface/mcp/resources/table.rs", "list_agents"),
    ("src/surface/mcp/resources/table.rs", "list_marks"),
    ("src/surface/mcp/resources/table.rs", "status_summary"),
    ("src/surface/mcp/resources/table.rs", "config"),
    ("src/surface/mcp/resources/table.rs", "list_skills"),
    ("src/surface/mcp/resources/table.rs", "get_skill"),
    ("src/surface/mcp/resources/table.rs", "list_workflows"),
    // What a person sees, and what the keys do.
    ("src/surface/top/reader.rs", "events"),
    ("src/surface/top/reader.rs", "list_agents"),
    ("src/surface/top/reader.rs", "status_summary"),
    ("src/surface/top/reader.rs", "list_marks"),
    ("src/surface/top/reader.rs", "inbox"),
    ("src/surface/top/reader.rs", "get"),
    ("src/surface/top/orders.rs", "get"),
    ("src/surface/top/orders.rs", "send"),
    ("src/surface/top/orders.rs", "connect"),
    ("src/surface/top/orders.rs", "update"),
    ("src/surface/top/orders.rs", "disconnect"),
    // The feed, for those who listen to resources.
    ("src/surface/mcp/news.rs", "events"),
];

/// The only places where a foreign crate is named.
const FOREIGN: &[(&str, &[&str])] = &[
    ("rusqlite", &["src/store/"]),
    ("rmcp", &["src/surface/mcp"]),
    ("clap", &["src/surface/", "src/demo/"]),
    ("crossterm", &["src/demo/screen.rs"]),
    ("ratatui", &["src/surface/top/"]),
    ("clap_complete", &["src/surface/cli"]),
    ("clap_mangen", &["src/surface/cli"]),
    ("rustix", &["src/process.rs", "src/surface/mcp/ending.rs"]),
    ("serde_yaml", &["src/config/"]),
    ("jiff", &["src/domain/cron.rs", "src/domain/schedule.rs", "src/domain/time.rs"]),
    ("uuid", &["src/domain/ids.rs"]),
    ("unicode_general_category", &["src/domain/visible.rs"]),
    ("petname", &["src/ops/worker/"]),
    ("sha2", &["src/store/media.rs"]),
    ("csv", &["src/surface/cli/"]),
    ("indicatif", &["src/surface/cli/progress.rs"]),
    ("base64", &["src/ops/attachment/", "src/ops/find/sheet.rs"]),
];

/// What `domain` may use beside the language's own library.
const DOMAIN_USES: &[&str] = &[
    "indexmap",
    "jiff",
    "schemars",
    "serde",
    "serde_json",
    "std",
    "super",
    "thiserror",
    "unicode_general_category",
    "uuid",
];

/// The only places where a transaction begins or ends.
const TRANSACTIONS: &[&str] = &["src/store/mod.rs", "src/store/migrate.rs"];

/// The only files that open files of their own. SQLite's locks belong to the process: whoever closes
/// another descriptor of the database or its `-shm` drops them all, so that only SQLite opens those.
const OPENS_FILES: &[(&str, &str)] = &[
    ("src/config/", "settings, skills, git's own files"),
    ("src/main.rs", "the log file"),
    ("src/ops/staging.rs", "files that are attached, but for those of the store"),
    ("src/process.rs", "/proc"),
    ("src/store/disk.rs", "/proc"),
    ("src/store/folder.rs", "folders, to make the names in them durable"),
    ("src/store/log.rs", "the write-ahead log, which carries no locks"),
    ("src/store/media.rs", "files in the media folder"),
    ("src/store/queue.rs", "the files of the queues"),
    ("src/surface/cli/feed.rs", "rows that a person imports"),
    ("src/surface/cli/source.rs", "an argument given as a file"),
];

const OPENING: &[&str] = &[
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions::",
    "fs::read(",
    "fs::read_to_string(",
    "fs::write(",
    "fs::copy(",
    "fs::hard_link(",
];

/// Every other mention of the index of the log.
const NAMES_THE_INDEX: &[&str] = &["src/store/identity.rs"];

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

/// A source file, without its tests.
struct Source {
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    gather(&root.join("src"), &mut files);
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        Source { path: file.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), code: code.to_owned() }
    };
    files.into_iter().map(read).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// Returns the lines that are not comments.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.code.lines().filter(|line| !line.trim_start().starts_with("//"))
    }

    /// Returns the names that come directly after `prefix`, which ends in `::`.
    fn names_after(&self, prefix: &str) -> BTreeSet<String> {
        let code: String = self.lines().collect::<Vec<_>>().join("\n");
        let found = code.match_indices(prefix).filter(|(at, _)| {
            let before = code[..*at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
        });
        found.flat_map(|(at, _)| heads(&code[at + prefix.len()..])).collect()
    }

    fn names_crate(&self, name: &str) -> bool {
        let paths = format!("{name}::");
        !self.names_after(&paths).is_empty() || self.code.contains(&format!("use {name};"))
    }
}

/// Returns the first name of a path, or of each path in a group.
fn heads(path: &str) -> Vec<String> {
    let word =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = path.strip_prefix('{') else {
        return vec![word(path)];
    };
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(String::new()),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => parts.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    let heads = parts.iter().map(|part| word(part.trim_start()));
    heads.filter(|head| !head.is_empty()).collect()
}

#[test]
fn each_part_uses_only_what_it_may() {
    for source in sources() {
        let Some((_, allowed)) = USES.iter().find(|(part, _)| source.is_in(&[part])) else {
            continue;
        };

        for name in source.names_after("crate::") {
            assert!(allowed.contains(&name.as_str()), "{} uses crate::{name}", source.path);
        }
    }
}

#[test]
fn every_part_has_a_rule() {
    let free = ["src/lib.rs", "src/main.rs", "src/surface/mod.rs"];
    for source in sources() {
        let ruled = USES.iter().any(|(part, _)| source.is_in(&[part]));

        assert!(ruled || source.is_in(&free), "{} has no rule", source.path);
    }
}

#[test]
fn a_face_knows_no_operation() {
    for source in sources().iter().filter(|source| source.is_in(&["src/surface/"])) {
        let named = source.names_after("crate::ops::").into_iter().chain(source.names_after("ops::"));
        for name in named {
            assert!(FACE_OF_OPS.contains(&name.as_str()), "{} uses ops::{name}", source.path);
        }
        for entry in CATALOGUE {
            let quoted = format!("\"{}\"", entry.name);
            let known = KNOWN_BY_NAME.contains(&(source.path.as_str(), entry.name));
            assert!(known || !source.code.contains(&quoted), "{} names {quoted}", source.path);
        }
    }
}

#[test]
fn foreign_crates_stay_in_their_places() {
    for source in sources() {
        for (name, places) in FOREIGN {
            let allowed = source.is_in(places) || !source.names_crate(name);

            assert!(allowed, "{} uses {name}", source.path);
        }
    }
}

#[test]
fn the_domain_is_pure() {
    for source in sources().iter().filter(|source| source.is_in(&["src/domain/"])) {
        let uses = source.lines().filter_map(|line| line.trim_start().strip_prefix("use "));
        for name in uses.flat_map(heads) {
            assert!(DOMAIN_USES.contains(&name.as_str()), "{} uses {name}", source.path);
        }
        for outside in ["std::fs", "std::env", "std::net", "std::process", "SystemTime", "Instant"] {
            assert!(!source.code.contains(outside), "{} uses {outside}", source.path);
        }
    }
}

#[test]
fn transactions_begin_in_one_place() {
    for source in sources().iter().filter(|source| !source.is_in(TRANSACTIONS)) {
        for word in ["transaction_with_behavior", ".transaction()", ".commit()", ".rollback()"] {
            assert!(!source.code.contains(word), "{} has {word}", source.path);
        }
    }
}

#[test]
fn files_are_opened_in_known_places() {
    for source in sources() {
        let known = OPENS_FILES.iter().any(|(part, _)| source.is_in(&[part]));
        let opens = source.lines().find(|line| OPENING.iter().any(|word| line.contains(word)));

        assert!(known || opens.is_none(), "{} opens a file: {opens:?}", source.path);
    }
}

#[test]
fn only_sqlite_opens_the_index_of_the_log() {
    for source in sources() {
        let names = source.lines().find(|line| line.contains("-shm"));

        assert!(
            names.is_none() || source.is_in(NAMES_THE_INDEX),
            "{} names the index of the log: {names:?}",
            source.path
        );
    }
}

#[test]
fn files_are_short() {
    for source in sources() {
        let lines = source.code.lines().count();

        assert!(lines <= LONGEST_FILE, "{} has {lines} lines without its tests", source.path);
    }
}

#[test]
fn functions_are_short() {
    for source in sources() {
        let lines: Vec<&str> = source.code.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            let length = lines[at..].iter().position(|line| **line == end).unwrap_or(0);
            let code = lines[at..at + length].iter().map(|line| line.trim());
            let length = code.filter(|line| !line.is_empty() && !line.starts_with("//")).count();

            assert!(length <= LONGEST_FUNCTION, "{}:{} has {length} lines", source.path, at + 1);
        }
    }
}

fn begins_function(line: &str) -> bool {
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub") || ["const", "async"].contains(word));
    words.next() == Some("fn")
}

#[test]
fn every_file_says_what_it_is_for() {
    for source in sources() {
        let is_operation = source.code.contains("impl Operation for");
        let begins = source.code.starts_with("//! ");

        assert!(begins || is_operation, "{} has no header", source.path);
    }
}

/// Other names of operations are tested together.
fn file(entry: &Entry) -> &'static str {
    if entry.shelf == Shelf::Queue { "queue" } else { entry.name }
}

#[test]
fn every_operation_is_in_the_catalogue_described_and_tested() {
    let written =
        sources().iter().map(|source| source.code.matches("impl Operation for").count()).sum::<usize>();
    assert_eq!(written, CATALOGUE.len());

    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ops");
    for entry in CATALOGUE {
        assert!(!entry.description().is_empty(), "{}", entry.name);
        let test = fs::read_to_string(tests.join(file(entry)).with_extension("rs"));
        let calls = test.unwrap_or_else(|_| panic!("tests/ops/{}.rs is missing", entry.name));
        assert!(calls.contains(&format!("\"{}\"", entry.name)), "{}", entry.name);
    }
}
