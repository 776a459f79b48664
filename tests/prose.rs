//! Prose is plain English: few clauses that begin with *what* or *who*, as `STYLE` of the project asks.

use std::fs;
use std::path::{Path, PathBuf};

/// Words that make a sentence be read twice.
const DIALECT: &[&str] = &["what", "who", "whom", "whoever", "whatever", "nobody", "somebody"];

/// How many of them are allowed in 1,000 words, by the folder or file they stand in.
const ALLOWED: &[(&str, usize)] = &[("README.md", 5), ("src/docs/guide", 5)];

/// Returns the files below a path that hold prose.
fn files(path: PathBuf) -> Vec<PathBuf> {
    if path.is_file() {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let holds_prose = matches!(extension, Some("md" | "rs"));
        return if holds_prose { vec![path] } else { Vec::new() };
    }
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.flat_map(|entry| files(entry.unwrap().path())).collect()
}

/// Returns the prose of a file: all of a text, the doc comments of code.
fn prose(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    if file.extension().is_some_and(|extension| extension == "md") {
        return text.split("```").step_by(2).collect();
    }
    let doc = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix("///").or(line.strip_prefix("//!")).map(|doc| format!("{doc}\n"))
    };
    text.lines().filter_map(doc).collect()
}

/// Returns how many words a text has, and how many of them are dialect.
fn count(text: &str) -> (usize, usize) {
    let words = text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    words.fold((0, 0), |(all, odd), word| {
        let is_odd = DIALECT.iter().any(|dialect| word.eq_ignore_ascii_case(dialect));
        (all + 1, odd + usize::from(is_odd))
    })
}

#[test]
fn prose_is_plain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (place, allowed) in ALLOWED {
        let counts = files(root.join(place)).iter().map(|file| count(&prose(file))).collect::<Vec<_>>();
        let (words, odd) = counts.iter().fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));

        assert!(words > 0, "{place} holds no prose");
        let found = 1_000 * odd / words;
        assert!(
            found <= *allowed,
            "{place}: {found} of 1,000 words are {DIALECT:?}, at most {allowed} may be"
        );
    }
}

#[test]
fn a_dialect_is_noticed() {
    assert_eq!(count("What nobody needs is left out, whatever it is."), (9, 3));
}
