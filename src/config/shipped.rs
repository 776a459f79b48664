//! The workflows and overlays that are compiled in. A file of the same name replaces one.

use std::sync::LazyLock;

use super::Origin;
use super::source::Source;
use super::workflow::Files;
use crate::error::Result;

macro_rules! texts {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../config/", $name, ".yaml")))),*]
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
        files.add(name, &Source::new(Origin::Default, *text))?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_short() {
        for (name, text) in TEXTS {
            assert!(text.len() <= 4_000, "{name} has {} bytes", text.len());
            assert!(text.lines().all(|line| line.chars().count() <= 160), "{name}");
        }
    }
}
