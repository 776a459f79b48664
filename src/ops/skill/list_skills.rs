use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pages::beginning;
use crate::config::{Origin, Skill};
use crate::error::Result;
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// List the skills: short guides for workers, planners, coordinators.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSkills {
    /// Default 10.
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
pub struct Skills {
    skills: Vec<Row>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    description: String,
    /// The origin, unless it is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

impl Operation for ListSkills {
    const NAME: &'static str = "list_skills";
    const EFFECT: Effect = Effect::Read;

    type Output = Skills;

    fn run(&self, _tx: &Tx, cx: &Context) -> Result<Skills> {
        const FAULTS: usize = 3;
        let found = cx.config.skills.all()?;
        for fault in found.faults.iter().take(FAULTS) {
            cx.notify(beginning(fault, LONGEST));
        }
        let limit = self.limit.unwrap_or(10).clamp(1, 100);
        let total = found.skills.len();
        let skills: Vec<Row> = found.skills.into_iter().skip(self.offset).take(limit).map(row).collect();
        let seen = self.offset + skills.len();
        Ok(Skills { next_offset: (!skills.is_empty() && seen < total).then_some(seen), skills, total })
    }
}

/// The longest text of a row, in bytes; `get_skill` shows the file.
const LONGEST: usize = 200;

fn row(skill: Skill) -> Row {
    Row {
        name: skill.name,
        description: beginning(&skill.description, LONGEST),
        source: match skill.origin {
            Origin::ProjectFile(_) => Some("project"),
            Origin::UserFile(_) => Some("user"),
            Origin::InstalledFile(_) => Some("installation"),
            Origin::Default | Origin::Environment(_) | Origin::Flag(_) => None,
        },
    }
}
