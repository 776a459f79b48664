//! The progress of reading a long file, for people who wait for it.

use std::cell::OnceCell;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// A reader that counts the bytes it has read.
pub struct Counted<R> {
    text: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Counted<R> {
    pub fn new(text: R) -> (Self, Arc<AtomicU64>) {
        let read = Arc::new(AtomicU64::new(0));
        (Self { text, read: Arc::clone(&read) }, read)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let number = self.text.read(buffer)?;
        self.read.fetch_add(number as u64, Ordering::Relaxed);
        Ok(number)
    }
}

/// A bar on standard error, if that is a terminal. A short file is read before it appears.
pub struct Progress {
    bytes: Option<u64>,
    read: Arc<AtomicU64>,
    bar: OnceCell<ProgressBar>,
}

impl Progress {
    pub fn new(bytes: Option<u64>, read: Arc<AtomicU64>) -> Self {
        Self { bytes, read, bar: OnceCell::new() }
    }

    pub fn show(&self, rows: usize) {
        if self.bytes.is_some_and(|bytes| self.read.load(Ordering::Relaxed) >= bytes)
            && self.bar.get().is_none()
        {
            return;
        }
        let bar = self.bar.get_or_init(|| bar(self.bytes));
        bar.set_message(format!("{rows} rows"));
        bar.set_position(self.read.load(Ordering::Relaxed));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn bar(bytes: Option<u64>) -> ProgressBar {
    let template = match bytes {
        Some(_) => "{bar:40} {percent:>3} %  {msg}  {eta} left",
        None => "{spinner} {msg}  {elapsed}",
    };
    let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
