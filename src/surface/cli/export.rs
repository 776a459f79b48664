//! Writes whole lists, one line for each item. Lists are read in pages, so that they need not fit into memory.

use std::io::{self, ErrorKind, Write};

use clap::Arg;
use serde_json::{Map, Value};

use super::json;
use super::sheet::Sheet;
use crate::App;
use crate::error::{Error, Result};
use crate::ops::{Entry, Input, csv_cell};

/// How lists are paged: the field of an answer, and the argument of the next request that takes its value.
const WAYS_ON: &[(&str, &str)] =
    &[("next_offset", "offset"), ("cursor", "cursor"), ("cursor", "since"), ("next", "after")];

/// The number of items that a page asks for; operations may return fewer.
const PAGE: u64 = 2_000;

/// Returns the flag for a whole list, if the operation returns a list.
pub fn flag(entry: &Entry) -> Option<Arg> {
    let is_list = !entry.columns.is_empty();
    is_list.then(|| {
        Sheet::flag("Write the whole list, or `limit` of it, a line for each item, with nothing cut")
    })
}

/// Writes the list to standard output.
pub fn run(entry: &Entry, app: &App, request: Map<String, Value>, sheet: Sheet) -> Result<()> {
    let out = io::stdout().lock();
    let written = match sheet {
        Sheet::Jsonl => pages(entry, app, request, &mut Lines(io::BufWriter::new(out))),
        Sheet::Csv => {
            let mut table = Table { out: csv::Writer::from_writer(out), columns: entry.columns };
            table.header().map_err(Error::from).and_then(|()| pages(entry, app, request, &mut table))
        }
    };
    match written {
        // A closed pipe is no failure: the reader has seen enough.
        Err(Error::Internal(error)) if is_broken_pipe(error.as_ref()) => Ok(()),
        written => written,
    }
}

/// A writer of items.
trait Sink {
    fn item(&mut self, item: &Value) -> io::Result<()>;
    fn flush(&mut self) -> io::Result<()>;
}

fn pages(entry: &Entry, app: &App, mut request: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
    let mut left = request.shift_remove("limit").and_then(|limit| limit.as_u64()).unwrap_or(u64::MAX);
    while left > 0 {
        let mut arguments = request.clone();
        arguments.insert("limit".into(), left.min(PAGE).into());
        let answer = entry.call(app, Input { whole: true, ..Input::of(arguments) })?;
        let items = answer.as_object().and_then(|answer| answer.values().find_map(Value::as_array));
        for item in items.into_iter().flatten() {
            if left > 0 {
                sink.item(item)?;
                left -= 1;
            }
        }
        if !goes_on(entry, &mut request, &answer) {
            break;
        }
    }
    Ok(sink.flush()?)
}

/// Turns the request into the one for the next page, if there is one.
fn goes_on(entry: &Entry, request: &mut Map<String, Value>, answer: &Value) -> bool {
    let ways = WAYS_ON.iter().filter_map(|(next, argument)| Some((answer.get(next)?, *argument)));
    let takes = |name: &str| entry.takes(name);
    let Some((next, argument)) = ways.into_iter().find(|(_, argument)| takes(argument)) else {
        return false;
    };
    // A feed has a cursor even at its end.
    if argument == "since" && answer.get("more") != Some(&Value::Bool(true)) {
        return false;
    }
    request.insert(argument.to_owned(), next.clone());
    true
}

struct Lines<W: Write>(W);

impl<W: Write> Sink for Lines<W> {
    fn item(&mut self, item: &Value) -> io::Result<()> {
        json::write_line(&mut self.0, item)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Table<W: Write> {
    out: csv::Writer<W>,
    columns: &'static [&'static str],
}

impl<W: Write> Table<W> {
    fn header(&mut self) -> io::Result<()> {
        self.out.write_record(self.columns).map_err(io::Error::from)
    }
}

impl<W: Write> Sink for Table<W> {
    fn item(&mut self, item: &Value) -> io::Result<()> {
        let cells = self.columns.iter().map(|column| item.get(*column).map(cell).unwrap_or_default());
        self.out
            .write_record(cells.map(|cell| csv_cell::written(&cell).into_owned()))
            .map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns a value as a cell that can be read back: texts separated by commas, else JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| item.as_str().is_some_and(|s| !s.contains(','))) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            texts.join(",")
        }
        other => other.to_string(),
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
