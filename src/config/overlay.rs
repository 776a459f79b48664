//! Overlays, each in a file of its own.
//!
//! A state is written by its name or, where each workflow names it differently, by its
//! purpose: `$initial`, `$claim`, `$disconnect`, `$complete`.

use std::sync::Arc;

use super::gates;
use super::guidance::{Prompts, advice, check_blanks, combos, role_prompts};
use super::section::Section;
use super::source::Source;
use super::workflow::{phases, roles};
use crate::domain::{Added, BadName, Guidance, Overlay, Slot, Turn};
use crate::error::Result;

pub fn from_file(name: &str, source: &Arc<Source>) -> Result<Overlay> {
    let tree = source.tree()?;
    let mut file = Section::of(&tree)?;
    let mut guidance =
        Guidance { roles: role_prompts(&mut file)?, advice: advice(&mut file)?, ..Guidance::default() };
    combos(&mut file, &mut guidance)?;
    let phases = phases(&mut file, &mut guidance)?;
    let mut overlay = Overlay {
        name: name.to_owned(),
        description: file.or_default("description")?,
        gates: gates::read(&mut file, &phases)?,
        roles: roles(&mut file)?,
        phases,
        guidance,
        ..Overlay::default()
    };
    for (slot, section) in file.optional_section("states")?.named::<Slot>()? {
        state(&mut overlay, slot, section)?;
    }
    file.done()?;
    check_blanks(&overlay.guidance, source)?;
    let told = overlay.told_at.iter().map(|(_, _, text)| text);
    match told.filter_map(|text| crate::domain::unknown_blank(text)).next() {
        Some(blank) => {
            Err(source.fault_of_all(format!("a text has the blank `{blank}`, which nothing fills"), ""))
        }
        None => Ok(overlay),
    }
}

fn state(overlay: &mut Overlay, slot: Slot, mut section: Section) -> Result<()> {
    let exits: Vec<String> = section.or_default("exits")?;
    let exits = exits.iter().map(|exit| exit.parse()).collect::<Result<_, BadName>>();
    let added = Added {
        exits: exits.map_err(|bad| section.fault("exits", format!("cannot be used: {bad}"), ""))?,
        timed: section.or_default("timed")?,
        terminal: section.or_default("terminal")?,
        blocking: section.or_default("blocking")?,
    };
    let Prompts { enter, leave } = Prompts::of(&mut section)?;
    section.done()?;
    overlay.told_at.extend(enter.map(|text| (Turn::Enter, slot.clone(), text)));
    overlay.told_at.extend(leave.map(|text| (Turn::Leave, slot.clone(), text)));
    overlay.states.push((slot, added));
    Ok(())
}

impl std::str::FromStr for Slot {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Ok(match text {
            "$initial" => Self::Initial,
            "$claim" => Self::Claim,
            "$disconnect" => Self::Disconnect,
            "$complete" => Self::Complete,
            name => Self::Named(name.parse()?),
        })
    }
}
