//! Texts for workers, as workflow files write them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::section::Section;
use super::source::Source;
use crate::domain::{Advice, Cue, Guidance, Phase, Status, Workflow, unknown_blank};
use crate::error::Result;

/// The texts for entering and for leaving.
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

/// Reads the texts for a state and a phase together.
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

/// Reads the texts for each role, by subject.
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

/// Reads the advice on each topic.
pub fn advice(file: &mut Section) -> Result<IndexMap<String, Advice>> {
    let topics = file.optional_section("advisories")?.named::<String>()?;
    topics
        .into_iter()
        .map(|(topic, mut section)| {
            let advice = Advice {
                text: section.required::<String>("text")?.trim().to_owned(),
                levels: section.or_default("levels")?,
                phases: section.or_default("phases")?,
                roles: section.or_default("roles")?,
                domains: section.or_default("domains")?,
            };
            section.done()?;
            Ok((topic, advice))
        })
        .collect()
}

/// Returns a fault for each advice that names an unknown phase or role.
pub fn faults(workflow: &Workflow) -> Vec<String> {
    let mut faults = Vec::new();
    for (topic, Advice { phases, roles, .. }) in &workflow.guidance.advice {
        let phases = phases.iter().filter(|phase| !workflow.phases.contains(phase));
        let roles = roles.iter().filter(|role| !workflow.roles.contains_key(*role));
        faults
            .extend(phases.map(|name| format!("the advice `{topic}` names `{name}`, which is not a phase")));
        faults.extend(roles.map(|name| format!("the advice `{topic}` names `{name}`, which is not a role")));
    }
    faults
}

/// Refuses a text with a placeholder that is never filled.
pub fn check_blanks(guidance: &Guidance, source: &Arc<Source>) -> Result<()> {
    match guidance.all().find_map(unknown_blank) {
        None => Ok(()),
        Some(blank) => Err(source.fault_of_all(
            format!("a text has the blank `{{{{{blank}}}}}`, which nothing fills"),
            format!("there are {}", crate::domain::listed(crate::domain::BLANKS)),
        )),
    }
}
