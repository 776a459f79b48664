//! The surroundings of the demo: a temporary folder, and the program that it starts.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use super::trouble::{Result, Trouble};

/// A new folder with a store of its own, removed at the end.
pub struct Stage {
    program: PathBuf,
    folder: PathBuf,
}

impl Stage {
    pub fn set() -> Result<Self> {
        let program = env::current_exe().map_err(Trouble::when("where is this program"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let name = format!("task-graph-demo-{}-{}", process::id(), now.unwrap_or_default().as_nanos());
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).map_err(Trouble::when("a temporary folder cannot be made"))?;
        let stage = Self { program, folder };
        // Makes the folder a project of its own, even if the temporary folder is inside another project.
        fs::create_dir(stage.folder.join(".task-graph"))
            .map_err(Trouble::when("a temporary folder cannot be made"))?;
        Ok(stage)
    }

    /// Returns the command that starts a server in the folder, without the settings of the user.
    pub fn server(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("-C").arg(&self.folder);
        command.env("HOME", &self.folder);
        let ours = |name: &str| name.starts_with("TASK_GRAPH_");
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A folder that remains is in the system's temporary folder, which the system clears.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
