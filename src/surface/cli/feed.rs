//! Runs an operation that takes rows on a file of any length.
//!
//! Each call takes a limited number of rows, so that other writers do not wait long and the
//! file need not fit into memory. Each call gets its own request id, derived from the given
//! one: repeating the command with the same file continues after its last call.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::mem::take;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::builder::PathBufValueParser;
use clap::{Arg, ArgMatches};
use serde_json::{Map, Value};

use super::out::Format;
use super::progress::{Counted, Progress};
use super::records::{Broken, Chunk, Records};
use super::sheet::Sheet;
use super::totals::{self, Totals};
use crate::App;
use crate::error::{Error, Result};
use crate::ops::{Entry, Input};

const FLAG: &str = "=from";
/// The number of rows in a call. After a change of it, a repeated request id feeds its file anew.
const ROWS: usize = 1_000;
/// The number of calls whose rows are read ahead.
const AHEAD: usize = 2;
/// The longest time until an interrupt is noticed.
const PATIENCE: Duration = Duration::from_millis(50);
/// The exit code after an interrupt from the keyboard.
const INTERRUPTED: u8 = 130;

/// A file of rows.
pub struct Feed {
    path: PathBuf,
    sheet: Option<Sheet>,
}

impl Feed {
    /// Returns the flags that name a file, for an operation that takes rows.
    pub fn flags(schema: &Map<String, Value>) -> Option<[Arg; 2]> {
        let takes = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
        let file = Arg::new(FLAG)
            .long("from")
            .value_name("FILE")
            .value_parser(PathBufValueParser::new())
            .help("Read rows from this file, or from standard input (-), however many");
        let form =
            Sheet::flag("How that file is written [default: by its name, or how it begins]").requires(FLAG);
        (takes("columns") && takes("rows")).then_some([file, form])
    }

    pub fn wanted(matches: &ArgMatches) -> Option<Self> {
        let path: &PathBuf = matches.try_get_one(FLAG).ok().flatten()?;
        Some(Self { path: path.clone(), sheet: Sheet::wanted(matches) })
    }

    /// Calls the operation until the file ends, and prints the totals.
    pub fn run(
        self,
        entry: &Entry,
        app: &App,
        request: Map<String, Value>,
        format: Format,
    ) -> Result<ExitCode> {
        if let Some(name) = entry.once.iter().find(|name| request.contains_key(**name)) {
            return Err(Error::input(
                format!(
                    "`{name}` and a file do not go together: the file is read in parts, and each would have it"
                ),
                "make what all of it belongs to first, and name that",
            ));
        }
        let (text, bytes) = self.open()?;
        let (text, read) = Counted::new(text);
        let most = ROWS.min(app.config().limits.ids);
        let each = request.get("partial") == Some(&Value::Bool(true));
        let broken = if each { Broken::IsLeftOut } else { Broken::Ends };
        let chunks = self.read_ahead(Box::new(BufReader::with_capacity(1 << 16, text)), most, broken);
        let mut feeding = Feeding { entry, app, request, totals: Totals::default() };
        let stop = on_interrupt();
        let fed = feeding.feed(&chunks, &stop, &Progress::new(bytes, read));
        let interrupted = stop.load(Ordering::Relaxed);
        if fed.is_ok() || feeding.totals.calls > 0 {
            format.answer(feeding.totals.answer(fed.is_err() || interrupted))?;
        }
        fed?;
        Ok(if interrupted { INTERRUPTED.into() } else { ExitCode::SUCCESS })
    }

    /// Reads the next rows while earlier ones are written, so that waiting for input does not delay a stop.
    fn read_ahead(
        &self,
        text: Box<dyn BufRead + Send>,
        most: usize,
        broken: Broken,
    ) -> Receiver<Result<Chunk>> {
        let (sender, chunks) = sync_channel(AHEAD);
        let Self { path, sheet } = self;
        let (path, sheet) = (path.clone(), *sheet);
        std::thread::spawn(move || {
            let mut records = match Records::of(text, &path, sheet) {
                Ok(records) => records,
                Err(error) => return sender.send(Err(error)).unwrap_or_default(),
            };
            loop {
                let chunk = records.chunk(most, broken);
                let is_last = chunk.as_ref().map_or(true, Chunk::is_empty);
                // The receiver is dropped when the calls have stopped.
                if sender.send(chunk).is_err() || is_last {
                    return;
                }
            }
        });
        chunks
    }

    fn open(&self) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
        if self.path == Path::new("-") {
            return Ok((Box::new(stdin()), None));
        }
        let unreadable =
            |error: io::Error| Error::input(format!("`{}` cannot be read: {error}", self.path.display()), "");
        let file = File::open(&self.path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        Ok((Box::new(file), Some(bytes)))
    }
}

struct Feeding<'a> {
    entry: &'a Entry,
    app: &'a App,
    request: Map<String, Value>,
    totals: Totals,
}

impl Feeding<'_> {
    fn feed(
        &mut self,
        chunks: &Receiver<Result<Chunk>>,
        stop: &AtomicBool,
        progress: &Progress,
    ) -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let mut chunk = match chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => chunk?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if chunk.is_empty() {
                break;
            }
            take(&mut chunk.broken).iter().for_each(|(line, error)| self.totals.add_broken(*line, error));
            let (Some(first), Some(last)) = (chunk.lines.first().copied(), chunk.lines.last().copied())
            else {
                continue;
            };
            let lines = chunk.lines.clone();
            let answer = self.call(chunk, first).map_err(|error| totals::in_lines(error, &lines))?;
            self.totals.add(answer, &lines, last);
            progress.show(self.totals.rows);
            if self.app.store.is_untidy()? {
                self.app.tidy()?;
            }
        }
        Ok(())
    }

    fn call(&self, chunk: Chunk, first: u64) -> Result<Value> {
        let mut arguments = self.request.clone();
        if let Some(Value::String(id)) = arguments.get_mut("request_id") {
            id.push_str(&format!("/{first}"));
        }
        arguments.insert("columns".into(), chunk.columns.into_iter().collect());
        arguments.insert("rows".into(), chunk.rows.into());
        self.entry.call(self.app, Input::of(arguments))
    }
}

/// Returns a flag that an interrupt from the keyboard sets. The call under way is finished first.
fn on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let heard = runtime.is_ok_and(|runtime| runtime.block_on(tokio::signal::ctrl_c()).is_ok());
        told.store(heard, Ordering::Relaxed);
    });
    stop
}
