//! Detects changes in the files of the settings.
//!
//! There is no background thread: calls check the files from time to time.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use super::project::{Start, project_file};
use super::{Config, Places, Project, workflow};
use crate::error::Result;

/// The files of a project's settings, and their state when they were last read.
#[derive(Debug)]
pub struct Watch {
    start: Start,
    /// The files that may hold settings.
    files: Vec<PathBuf>,
    every: Duration,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    stamps: Stamps,
}

/// The files that exist, each with its modification time and its length.
type Stamps = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// A check that found changes. It excludes other checks while it lives.
pub struct Look<'a> {
    start: &'a Start,
    seen: MutexGuard<'a, Seen>,
    stamps: Stamps,
}

impl Watch {
    const EVERY: Duration = Duration::from_millis(500);

    /// Records the present state of the files. Read them after this call.
    pub fn new(start: &Start) -> Result<Self> {
        let places = Places::find(start)?;
        let folders = [&places.installed_folder, &places.user_folder].into_iter().flatten();
        let files = folders.map(|folder| folder.join(super::project::FILE));
        let files: Vec<PathBuf> = files.chain([project_file(start, &places)?]).collect();
        let seen = Mutex::new(Seen { at: Instant::now(), stamps: stamps(&files) });
        Ok(Self { start: start.clone(), files, every: Self::EVERY, seen })
    }

    /// Returns the same with another minimum time between checks.
    pub fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Checks whether a file has changed, unless another check runs or has just run.
    pub fn look(&self) -> Option<Look<'_>> {
        let mut seen = self.seen.try_lock().ok()?;
        if seen.at.elapsed() < self.every {
            return None;
        }
        let stamps = stamps(&self.files);
        if stamps == seen.stamps {
            seen.at = Instant::now();
            return None;
        }
        Some(Look { start: &self.start, seen, stamps })
    }
}

impl Look<'_> {
    /// Reads the settings as they are written now.
    pub fn read(&mut self) -> Result<Config> {
        Project::find(self.start).map(|project| project.config)
    }

    /// Marks the changes as handled.
    pub fn done(mut self) {
        self.seen.at = Instant::now();
        self.seen.stamps = std::mem::take(&mut self.stamps);
    }
}

fn stamps(files: &[PathBuf]) -> Stamps {
    let folders = files.iter().filter_map(|file| file.parent());
    let beside = folders.flat_map(|folder| workflow::files(folder).unwrap_or_default());
    let all = files.iter().cloned().chain(beside.map(|(_, path)| path));
    all.filter_map(|path| {
        let about = std::fs::metadata(&path).ok()?;
        Some((path, about.modified().ok(), about.len()))
    })
    .collect()
}
