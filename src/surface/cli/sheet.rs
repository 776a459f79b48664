//! The format of a file of many rows.

use std::io::{self, BufRead};
use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches};

/// How rows are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// A JSON object in each line.
    Jsonl,
    /// Values with commas between them, under a line with the names of the columns.
    Csv,
}

const FLAG: &str = "=format";

impl Sheet {
    /// Returns the flag that names a format.
    pub fn flag(help: &'static str) -> Arg {
        let names = PossibleValuesParser::new(["jsonl", "csv"]);
        let parser = names.map(|name| if name == "csv" { Self::Csv } else { Self::Jsonl });
        Arg::new(FLAG).long("format").value_name("FORMAT").value_parser(parser).help(help)
    }

    pub fn wanted(matches: &ArgMatches) -> Option<Self> {
        matches.try_get_one(FLAG).ok().flatten().copied()
    }

    /// Returns the format of a file by its extension, or else by its first character.
    pub fn of(path: &Path, text: &mut dyn BufRead) -> io::Result<Self> {
        match path.extension().and_then(|end| end.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            _ => {
                let is_text = |byte: &&u8| byte.is_ascii_graphic();
                let begins = text.fill_buf()?.iter().find(is_text);
                Ok(if begins == Some(&b'{') { Self::Jsonl } else { Self::Csv })
            }
        }
    }
}
