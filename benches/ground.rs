//! The folders in which everything is measured: on the disk of the build, with a project in each.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::Result;
use crate::client::{Agent, Peer};
use crate::floor::FULL;
use crate::graph::{Dice, Graph};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_task-graph");

/// The amount of measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Quick,
    Full,
}

pub struct Ground {
    folder: TempDir,
    pub scale: Scale,
    /// Projects with a large graph, which are costly to create: by their number of tasks,
    /// with the time it took.
    graphs: RefCell<BTreeMap<usize, (Project, Duration)>>,
}

/// A project in a folder of its own.
#[derive(Clone, Debug)]
pub struct Project {
    folder: PathBuf,
    /// The durability setting of its servers.
    durability: &'static str,
}

impl Ground {
    pub fn new(scale: Scale) -> Result<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        // A repository of its own, so that the one around it does not become the project.
        fs::create_dir(folder.path().join(".git"))?;
        Ok(Self { folder, scale, graphs: RefCell::default() })
    }

    /// Returns the first for a quick run, the second for a full one.
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        match self.scale {
            Scale::Quick => quick,
            Scale::Full => full,
        }
    }

    /// Creates a folder that is empty except for the mark of a project.
    pub fn project(&self) -> Result<Project> {
        let folder = tempfile::tempdir_in(self.folder.path())?.keep();
        fs::create_dir(folder.join(".task-graph"))?;
        Ok(Project { folder, durability: FULL })
    }

    /// Returns a project with a layered graph of this many tasks, and the time it took to create.
    pub fn graph(&self, tasks: usize) -> Result<(Project, Duration)> {
        let known = self.graphs.borrow().get(&tasks).cloned();
        let (made, took) = match known {
            Some(known) => known,
            None => {
                let project = self.project()?;
                let graph = Graph::layered(tasks, Graph::usual_width(tasks));
                let took = graph.plant(&mut project.agent("planter")?, &mut Dice::new(1))?;
                project.settle()?;
                self.graphs.borrow_mut().insert(tasks, (project.clone(), took));
                (project, took)
            }
        };
        let copy = self.project()?;
        fs::copy(made.file(), copy.file())?;
        Ok((copy, took))
    }
}

impl Project {
    /// Moves the log into the file, so that it can be copied.
    pub fn settle(&self) -> Result<()> {
        let connection = Connection::open(self.file())?;
        Ok(connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?)
    }

    pub fn told(self, durability: &'static str) -> Self {
        Self { durability, ..self }
    }

    /// Returns the file that holds the tasks.
    pub fn file(&self) -> PathBuf {
        self.folder.join(".task-graph/tasks.db")
    }

    /// Returns the command that runs the program in this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        // The file is named as well, so that no measurement can reach another store.
        command.arg("-C").arg(&self.folder).arg("-d").arg(self.file()).args(arguments);
        command.env_clear().stderr(Stdio::null());
        command.env("TASK_GRAPH_DURABILITY", self.durability);
        command
    }

    /// Starts a server and opens the session.
    pub fn server(&self, worker: &str) -> Result<Agent> {
        let peer = Peer::spawn(&mut self.command(&["serve"]))?;
        let mut agent = Agent::new(peer, worker);
        agent.initialize()?;
        Ok(agent)
    }

    /// Starts a server and registers a worker.
    pub fn agent(&self, worker: &str) -> Result<Agent> {
        let mut agent = self.server(worker)?;
        agent.connect()?;
        Ok(agent)
    }
}
