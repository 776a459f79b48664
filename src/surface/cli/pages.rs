//! Completions and manual pages, made from the commands.

use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use super::out::say;
use super::tree::NAME;
use crate::error::Result;

/// Writes the completion script for `shell`.
pub fn completions(mut commands: Command, shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut commands, NAME, &mut script);
    Ok(say(&String::from_utf8_lossy(&script))?)
}

/// Writes the main manual page, or one page for each command into `folder`.
pub fn manual(commands: Command, folder: Option<&Path>) -> Result<()> {
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
        return Ok(clap_mangen::generate_to(commands, folder)?);
    }
    let mut page = Vec::new();
    Man::new(commands).render(&mut page)?;
    Ok(say(&String::from_utf8_lossy(&page))?)
}
