//! A project in a folder of its own, and commands whose disk is recorded or fails.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::Result;

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Result<Self> {
        let place = Self { folder: tempfile::tempdir()? };
        fs::create_dir(place.project())?;
        Ok(place)
    }

    /// Returns a copy of the project's files.
    pub fn copy(&self) -> Result<Self> {
        let copy = Self { folder: scratch()? };
        copy_folder(&self.project(), &copy.project())?;
        Ok(copy)
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Returns the program, in the project, with durable commits.
    ///
    /// `TASK_GRAPH_FAULTS_PROGRAM` names another build of it.
    pub fn command(&self) -> Command {
        let program = std::env::var_os("TASK_GRAPH_FAULTS_PROGRAM");
        let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_task-graph").into()));
        command.env_clear().current_dir(self.project()).arg("-C").arg(self.project());
        command.env("TASK_GRAPH_DURABILITY", "full");
        command.env("TASK_GRAPH_USER_DIR", self.folder.path().join("user"));
        command
    }

    /// Returns the program whose changes are recorded.
    pub fn recorded(&self) -> Result<Command> {
        let mut command = self.faulty("")?;
        command.env("FAULTS_LOG", self.log());
        Ok(command)
    }

    /// Returns the program with rules of `disk.c` for its disk.
    pub fn faulty(&self, rules: &str) -> Result<Command> {
        let mut command = self.command();
        command.env("LD_PRELOAD", library()?).env("FAULTS_ROOT", self.project()).env("FAULTS", rules);
        Ok(command)
    }

    /// Returns the path of a switch. Commands that get it in `FAULTS_SWITCH` obey their
    /// rules while the file exists.
    pub fn switch(&self) -> PathBuf {
        self.folder.path().join("switch")
    }

    /// Stops all recorded processes between two records, until the returned file is dropped.
    pub fn between_steps(&self) -> Result<File> {
        let log = File::open(self.log())?;
        log.lock()?;
        Ok(log)
    }
}

/// Creates a folder in memory if possible, else among the temporary files.
pub fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let folder = match tempfile::tempdir_in(memory) {
        Ok(folder) => folder,
        Err(_) => tempfile::tempdir()?,
    };
    Ok(folder)
}

/// Compiles `disk.c`, once in a process.
fn library() -> Result<&'static Path> {
    static LIBRARY: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let made = LIBRARY.get_or_init(|| compile().map_err(|error| error.to_string()));
    made.as_deref().map_err(|error| error.clone().into())
}

fn compile() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let draft = folder.join(format!("disk-{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/disk.c");
    let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"];
    let made = Command::new("cc").args(flags).arg(&draft).arg(source).args(["-ldl", "-lpthread"]).output()?;
    if !made.status.success() {
        return Err(format!("cc: {}", String::from_utf8_lossy(&made.stderr)).into());
    }
    let library = folder.join("disk.so");
    fs::rename(draft, &library)?;
    Ok(library)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &place)?,
            false => drop(fs::copy(entry.path(), place)?),
        }
    }
    Ok(())
}
