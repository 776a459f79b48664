//! Reads a file of many rows, one call's worth at a time.

use std::io::{BufRead, Read};
use std::path::Path;

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::sheet::Sheet;
use crate::error::{Error, Result};
use crate::ops::csv_cell;

/// The rows of a call, with their lines in the file.
#[derive(Default)]
pub struct Chunk {
    pub columns: IndexSet<String>,
    pub rows: Vec<Vec<Value>>,
    /// The number of each row's first line.
    pub lines: Vec<u64>,
    /// Lines that are no rows, if the others are used without them.
    pub broken: Vec<(u64, Error)>,
}

/// The reaction to a line that is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Ends,
    IsLeftOut,
}

/// A file that is read row by row.
pub enum Records<'a> {
    Jsonl { text: Box<dyn BufRead + Send + 'a>, line: u64 },
    Csv { text: Box<csv::Reader<Box<dyn BufRead + Send + 'a>>>, columns: IndexSet<String> },
}

/// The longest line of JSON, in bytes. A longer one is a mistake.
const LONGEST: u64 = 64 << 20;

impl<'a> Records<'a> {
    pub fn of(mut text: Box<dyn BufRead + Send + 'a>, path: &Path, sheet: Option<Sheet>) -> Result<Self> {
        let sheet = match sheet {
            Some(sheet) => sheet,
            None => Sheet::of(path, text.as_mut()).map_err(|error| unreadable(0, error))?,
        };
        if sheet == Sheet::Jsonl {
            return Ok(Self::Jsonl { text, line: 0 });
        }
        let mut text = csv::ReaderBuilder::new().flexible(true).from_reader(text);
        let header = text.headers().map_err(|error| unreadable(1, error))?;
        let columns: IndexSet<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        if columns.len() < header.len() {
            return Err(Error::input("line 1: a column is there twice", ""));
        }
        Ok(Self::Csv { text: Box::new(text), columns })
    }

    /// Returns the next rows, at most `most`; no rows at the end.
    pub fn chunk(&mut self, most: usize, broken: Broken) -> Result<Chunk> {
        let mut chunk = Chunk::default();
        if let Self::Csv { columns, .. } = self {
            chunk.columns.clone_from(columns);
        }
        while chunk.rows.len() + chunk.broken.len() < most && self.next(&mut chunk, broken)? {}
        // A column may first appear in a later row; earlier rows get a null for it.
        let width = chunk.columns.len();
        if matches!(self, Self::Jsonl { .. }) {
            chunk.rows.iter_mut().for_each(|row| row.resize(width, Value::Null));
        }
        Ok(chunk)
    }

    fn next(&mut self, chunk: &mut Chunk, broken: Broken) -> Result<bool> {
        match self {
            Self::Jsonl { text, line } => loop {
                let mut bytes = Vec::new();
                let read = text.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
                if read.map_err(|error| unreadable(*line + 1, error))? == 0 {
                    return Ok(false);
                }
                *line += 1;
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii();
                if bytes.is_empty() {
                    continue;
                }
                match serde_json::from_slice(bytes) {
                    Ok(object) => chunk.push_object(*line, object),
                    Err(error) if broken == Broken::Ends => return Err(no_object(*line, &error)),
                    Err(error) => chunk.broken.push((*line, no_object(*line, &error))),
                }
                return Ok(true);
            },
            Self::Csv { text, .. } => {
                let mut record = csv::StringRecord::new();
                let more = text.read_record(&mut record);
                let line = record.position().map_or(0, csv::Position::line);
                if !more.map_err(|error| unreadable(line, error))? {
                    return Ok(false);
                }
                let value =
                    |cell: &str| if cell.is_empty() { Value::Null } else { csv_cell::read(cell).into() };
                chunk.rows.push(record.iter().map(value).collect());
                chunk.lines.push(line);
                Ok(true)
            }
        }
    }
}

impl Chunk {
    /// Returns true at the end of the file.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.broken.is_empty()
    }

    fn push_object(&mut self, line: u64, object: Map<String, Value>) {
        let mut row = vec![Value::Null; self.columns.len()];
        for (name, value) in object {
            let (at, is_new) = self.columns.insert_full(name);
            match is_new {
                true => row.push(value),
                false => row[at] = value,
            }
        }
        self.rows.push(row);
        self.lines.push(line);
    }
}

fn no_object(line: u64, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    let message = format!("line {line} is no JSON object: {reason} (column {})", error.column());
    Error::input(
        message,
        r#"each line is one, as {"title": "Write it", "priority": 7}; or is it `--format csv`?"#,
    )
}

fn unreadable(line: u64, error: impl std::fmt::Display) -> Error {
    let place = if line > 0 { format!("line {line}") } else { "the file".into() };
    Error::input(format!("{place} cannot be read: {error}"), "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn records<'a>(text: &'a str, name: &str) -> Result<Records<'a>> {
        Records::of(Box::new(text.as_bytes()), Path::new(name), None)
    }

    fn told(chunk: &Chunk) -> Value {
        json!({ "columns": chunk.columns, "rows": chunk.rows, "lines": chunk.lines })
    }

    #[test]
    fn objects_become_rows_under_all_their_names() {
        let text = "\u{feff}{\"a\":1}\n\n{\"b\":[2],\"a\":null}\r\n{\"a\":3}";
        let mut records = records(text, "-").unwrap();

        let first = records.chunk(2, Broken::Ends).unwrap();
        let second = records.chunk(2, Broken::Ends).unwrap();

        let rows = json!([[1, null], [null, [2]]]);
        assert_eq!(told(&first), json!({ "columns": ["a", "b"], "rows": rows, "lines": [1, 3] }));
        assert_eq!(told(&second), json!({ "columns": ["a"], "rows": [[3]], "lines": [4] }));
        assert!(records.chunk(2, Broken::Ends).unwrap().rows.is_empty());
    }

    #[test]
    fn a_line_of_csv_may_have_quotes_and_breaks() {
        let text = "title,tags\n\"one, \"\"two\"\"\nthree\",\nfour,\"a,b\"\nfive\n";
        let mut records = records(text, "x.csv").unwrap();

        let chunk = records.chunk(10, Broken::Ends).unwrap();

        let rows = json!([["one, \"two\"\nthree", null], ["four", "a,b"], ["five"]]);
        assert_eq!(told(&chunk), json!({ "columns": ["title", "tags"], "rows": rows, "lines": [2, 4, 5] }));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let broken = |text: &str, name: &str| {
            let read = records(text, name).and_then(|mut records| records.chunk(10, Broken::Ends).map(drop));
            read.unwrap_err().to_string()
        };

        let said = broken("{\"a\":1}\n{\"a\":}\n", "x.jsonl");
        assert_eq!(said, "line 2 is no JSON object: expected value (column 6)");
        assert!(broken("[1]", "x.jsonl").starts_with("line 1 is no JSON object"));
        assert_eq!(broken("a,a\n", "x.csv"), "line 1: a column is there twice");
    }
}
