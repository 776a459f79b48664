//! The workflows and overlays that are compiled in. A file of the same name replaces one.

use std::sync::LazyLock;

use super::source::Source;
use super::workflow::Files;
use crate::error::Result;

macro_rules! texts {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json")))),*]
    };
}

const TEXTS: &[(&str, &str)] = texts!(
    "workflow-solo",
    "workflow-swarm",
    "workflow-relay",
    "workflow-hierarchical",
    "workflow-push",
    "workflow-kanban",
    "workflow-sprint",
    "overlay-git",
    "overlay-git-worktree",
    "overlay-governance",
    "overlay-reasoning",
    "overlay-troubleshooting"
);

pub fn files() -> &'static Files {
    static SHIPPED: LazyLock<Files> = LazyLock::new(|| match read() {
        Ok(files) => files,
        Err(error) => unreachable!("these texts are compiled in, and a test reads them: {error}"),
    });
    &SHIPPED
}

fn read() -> Result<Files> {
    let mut files = Files::default();
    for (name, text) in TEXTS {
        files.add(name, &Source::shipped(text))?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_short() {
        for (name, _) in TEXTS {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("config/{name}.yaml"));
            let text = fs::read_to_string(file).unwrap();
            assert!(text.len() <= 4_000, "{name} has {} bytes", text.len());
            assert!(text.lines().all(|line| line.chars().count() <= 160), "{name}");
        }
    }
}
