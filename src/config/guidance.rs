//! Texts for workers, as workflow files hold them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::section::Section;
use super::source::Source;
use crate::domain::{Cue, Guidance, Phase, Status, unknown_blank};
use crate::error::Result;

/// What is told on entering and on leaving.
pub struct Prompts {
    pub enter: Option<String>,
    pub leave: Option<String>,
}

impl Prompts {
    /// Reads the section `prompts` of a state or a phase.
    pub fn of(section: &mut Section) -> Result<Self> {
        let mut prompts = section.optional_section("prompts")?;
        let read = Self::read(&mut prompts)?;
        prompts.done()?;
        Ok(read)
    }

    fn read(section: &mut Section) -> Result<Self> {
        let text = |text: Option<String>| text.map(|text| text.trim().to_owned());
        Ok(Self { enter: text(section.optional("enter")?), leave: text(section.optional("exit")?) })
    }
}

/// Reads the texts for being in a state and a phase at once.
pub fn combos(file: &mut Section, guidance: &mut Guidance) -> Result<()> {
    for (name, mut section) in file.optional_section("combos")?.named::<String>()? {
        let parts = name.split_once('+');
        let parts = parts.and_then(|(a, b)| Some((a.parse::<Status>().ok()?, b.parse::<Phase>().ok()?)));
        let Some((status, phase)) = parts else {
            return Err(section
                .fault_of_all(format!("`{name}` is not a state and a phase"), "write `working+review`"));
        };
        let Prompts { enter, leave } = Prompts::read(&mut section)?;
        section.done()?;
        let (status, phase) = (Some(&status), Some(&phase));
        guidance.texts.extend(enter.map(|text| (Cue::entering(status, phase), text)));
        guidance.texts.extend(leave.map(|text| (Cue::leaving(status, phase), text)));
    }
    Ok(())
}

/// Reads the texts for each role, by their subject.
pub fn role_prompts(file: &mut Section) -> Result<IndexMap<String, IndexMap<String, String>>> {
    let roles = file.optional_section("role_prompts")?.named::<String>()?;
    roles
        .into_iter()
        .map(|(role, section)| {
            let texts = section.values::<String>()?.into_iter();
            Ok((role, texts.map(|(key, text)| (key.to_owned(), text.trim().to_owned())).collect()))
        })
        .collect()
}

/// Refuses a text with a blank that nothing fills.
pub fn check_blanks(guidance: &Guidance, source: &Arc<Source>) -> Result<()> {
    let roles = guidance.roles.values().flat_map(IndexMap::values);
    let blank = guidance.texts.values().chain(roles).find_map(|text| unknown_blank(text));
    match blank {
        None => Ok(()),
        Some(blank) => Err(source.fault_of_all(
            format!("a text has the blank `{{{{{blank}}}}}`, which nothing fills"),
            format!("there are {}", crate::domain::listed(crate::domain::BLANKS)),
        )),
    }
}
