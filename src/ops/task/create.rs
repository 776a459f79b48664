use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plant::{TreeKinds, plant};
use crate::config::Places;
use crate::domain::{JobSettings, Millis, Phase, Priority, Status, Tag, TaskId, TaskRef, Text, Title, When};
use crate::error::{Error, Result};
use crate::ops::mark::Files;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Create a task, or many at once: `tasks` nest and may name each other by `label`; all or none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    pub title: Option<Title>,
    pub description: Option<Text>,
    pub id: Option<TaskId>,
    pub parent: Option<TaskRef>,
    /// What must end first.
    #[serde(default)]
    pub blocked_by: Vec<TaskRef>,
    #[serde(default)]
    pub blocks: Vec<TaskRef>,
    /// Higher first; default 5.
    pub priority: Option<Priority>,
    #[serde(default)]
    pub tags: BTreeSet<Tag>,
    /// Its worker needs all.
    #[serde(default)]
    pub needed_tags: BTreeSet<Tag>,
    /// Its worker needs one.
    #[serde(default)]
    pub wanted_tags: BTreeSet<Tag>,
    #[schemars(extend("x-vocabulary" = "phase"))]
    pub phase: Option<Phase>,
    pub workflow: Option<String>,
    #[schemars(range(min = 0))]
    pub points: Option<i64>,
    #[schemars(range(min = 0))]
    pub time_estimate_ms: Option<Millis>,
    /// Name in this call.
    pub label: Option<TaskRef>,
    /// To change.
    #[serde(default)]
    pub files: Files,
    /// Not to be claimed before: a time, or `10m` from now.
    #[schemars(extend("x-rare" = true))]
    pub not_before: Option<When>,
    /// Retries, lease and group.
    #[schemars(extend("x-rare" = true))]
    pub job: Option<JobSettings>,
    /// An existing task.
    #[serde(rename = "ref")]
    pub existing: Option<TaskRef>,
    /// Tasks in this one; without a title, just these.
    #[serde(default)]
    pub tasks: Vec<Create>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Created {
    One { id: TaskId, status: Status, ready: bool },
    Many(Many),
}

#[derive(Serialize)]
pub struct Many {
    pub created: usize,
    /// Those that were asked for by name, or few enough to be named.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub labels: IndexMap<String, TaskId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<TaskId>,
}

impl Operation for Create {
    const NAME: &'static str = "create";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["title"];

    type Output = Created;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.locate_files(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Created> {
        let kinds = TreeKinds { child: cx.config.edges.containing(), sibling: None };
        let is_list = self.is_list();
        if is_list && self.says_more_than_tasks() {
            return Err(Error::input(
                "a list of tasks has no fields of its own but `parent`",
                "put them on each of the tasks, or give a `title` for a task that contains them",
            ));
        }
        let planted = match is_list {
            true => {
                let parent = self.parent.as_ref().map(|parent| tx.resolve(parent)).transpose()?;
                plant(tx, cx, &self.tasks, parent.as_ref(), &kinds)?
            }
            false => plant(tx, cx, std::slice::from_ref(self), None, &kinds)?,
        };
        match planted.ids.as_slice() {
            [id] if !is_list => {
                let task = tx.task(id)?;
                Ok(Created::One { id: task.id, status: task.status, ready: task.ready })
            }
            _ => Ok(Created::Many(Many::of(planted))),
        }
    }
}

impl Create {
    /// Asks the disk which files the task and those in it are about.
    pub fn locate_files(&mut self, places: &Places) -> Result<()> {
        self.files.locate(places)?;
        self.tasks.iter_mut().try_for_each(|task| task.locate_files(places))
    }

    /// Says whether it, or one in it, is to be of a group.
    pub fn is_of_group(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.group.is_some()) || self.tasks.iter().any(Self::is_of_group)
    }

    /// Says whether this is not a task but a list of tasks.
    fn is_list(&self) -> bool {
        self.title.is_none() && self.description.is_none() && !self.tasks.is_empty()
    }

    fn says_more_than_tasks(&self) -> bool {
        let words = [&self.tags, &self.needed_tags, &self.wanted_tags];
        self.id.is_some()
            || self.label.is_some()
            || self.existing.is_some()
            || self.priority.is_some()
            || self.phase.is_some()
            || self.workflow.is_some()
            || self.points.or(self.time_estimate_ms).is_some()
            || words.into_iter().any(|tags| !tags.is_empty())
            || self.not_before.is_some()
            || self.job.is_some()
            || !self.files.is_empty()
            || !(self.blocked_by.is_empty() && self.blocks.is_empty())
    }
}

impl Many {
    /// How many ids an answer names.
    const NAMED: usize = 50;

    pub fn of(planted: super::plant::Planted) -> Self {
        let super::plant::Planted { mut ids, labels, created } = planted;
        ids.retain(|id| !labels.values().any(|labelled| labelled == id));
        let few = ids.len() + labels.len() <= Self::NAMED;
        Self {
            created,
            ids: if few { ids } else { Vec::new() },
            labels: if labels.len() <= Self::NAMED { labels } else { IndexMap::new() },
        }
    }
}
