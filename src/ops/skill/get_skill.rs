use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pages::{Headings, page};
use crate::config::Origin;
use crate::domain::nearest;
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// Read a skill, as `worker`; `list_skills` lists all.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSkill {
    name: String,
    /// A heading.
    #[schemars(extend("x-rare" = true))]
    section: Option<String>,
    /// As `next_offset`.
    #[serde(default)]
    offset: usize,
    /// In bytes; default 3400.
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct Guide {
    name: String,
    /// The file it comes from, unless it is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Origin>,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    /// The valid values of `section`, if the skill is not shown in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sections: Vec<String>,
}

impl Operation for GetSkill {
    const NAME: &'static str = "get_skill";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["name", "section"];

    type Output = Guide;

    fn run(&self, _tx: &Tx, cx: &Context) -> Result<Guide> {
        const PAGE: usize = 3_400;
        const LONGEST: usize = 100_000;
        let skills = &cx.config.skills;
        let skill = skills.find(&self.name)?;
        let skill = skill.ok_or_else(|| unknown("skill", &self.name, skills.names().unwrap_or_default()))?;
        let headings = Headings::of(&skill.text);
        let text = match &self.section {
            None => skill.text.as_str(),
            Some(section) => {
                let found = headings.section(section);
                found.ok_or_else(|| unknown("section", section, headings.names()))?
            }
        };
        let limit = self.limit.unwrap_or(PAGE).clamp(1, LONGEST);
        let (content, next_offset) = page(text, self.offset, limit);
        let is_part = next_offset.is_some() && self.offset == 0 && self.section.is_none();
        Ok(Guide {
            name: skill.name,
            source: Some(skill.origin).filter(|origin| *origin != Origin::Default),
            content: content.to_owned(),
            next_offset,
            sections: if is_part { headings.names() } else { Vec::new() },
        })
    }
}

/// Returns the refusal of an unknown name.
fn unknown(what: &'static str, name: &str, names: Vec<String>) -> Error {
    const NAMED: usize = 10;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = match nearest(name, &known) {
        Some(near) => vec![near.to_owned()],
        None => names.into_iter().take(NAMED).collect(),
    };
    Error::NotFound { what, name: name.chars().take(60).collect(), near }
}
