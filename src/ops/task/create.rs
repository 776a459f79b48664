use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::TreeKinds;
use super::plant::{Planted, plant};
use super::sow::Seeds;
use crate::config::Places;
use crate::domain::{JobSettings, Millis, Phase, Priority, Status, Tag, TaskId, TaskRef, Text, Title, When};
use crate::error::{Error, Misfit, Result};
use crate::ops::mark::Files;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Create a task, or many at once: `tasks` nest and name each other by `label`; `rows` are a table. All or none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    pub title: Option<Title>,
    pub description: Option<Text>,
    pub id: Option<TaskId>,
    pub parent: Option<TaskRef>,
    /// Must end first.
    #[serde(default)]
    pub blocked_by: Vec<TaskRef>,
    #[serde(default)]
    pub blocks: Vec<TaskRef>,
    /// Higher first; default 5.
    pub priority: Option<Priority>,
    #[serde(default)]
    pub tags: BTreeSet<Tag>,
    /// Worker must have all.
    #[serde(default)]
    pub needed_tags: BTreeSet<Tag>,
    /// Worker must have one.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    pub wanted_tags: BTreeSet<Tag>,
    #[schemars(extend("x-vocabulary" = "phase"))]
    pub phase: Option<Phase>,
    #[schemars(extend("x-rare" = true))]
    pub workflow: Option<String>,
    #[schemars(range(min = 0))]
    #[schemars(extend("x-rare" = true))]
    pub points: Option<i64>,
    #[schemars(range(min = 0))]
    #[schemars(extend("x-rare" = true))]
    pub time_estimate_ms: Option<Millis>,
    /// Name in this call.
    pub label: Option<TaskRef>,
    /// To change.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    pub files: Files,
    /// Earliest claim: a time, or `10m` from now.
    #[schemars(extend("x-rare" = true))]
    pub not_before: Option<When>,
    /// Retries, lease and group.
    #[schemars(extend("x-rare" = true))]
    pub job: Option<JobSettings>,
    /// An existing task.
    #[serde(rename = "ref")]
    #[schemars(extend("x-rare" = true))]
    pub existing: Option<TaskRef>,
    /// Subtasks; without a title, just these.
    #[serde(default)]
    pub tasks: Vec<Create>,
    /// Fields of `rows`; without a title, others apply to all.
    #[serde(default)]
    pub columns: Vec<String>,
    #[serde(default)]
    #[schemars(schema_with = "crate::ops::rows::schema")]
    pub rows: Vec<Vec<Value>>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    pub partial: bool,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    pub return_ids: bool,
    /// The rows that could not be read; with `partial` they are reported, and the rest is created.
    #[serde(skip)]
    pub(in crate::ops) misread: Vec<Misfit>,
    /// Whether the tasks were given as `rows`.
    #[serde(skip)]
    pub(in crate::ops) is_table: bool,
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
    /// The labelled tasks, unless they are too many to list.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub labels: IndexMap<String, TaskId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<TaskId>,
    /// The first and last id, where there are too many to list.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<TaskId>,
    /// The first tasks that could not be created, with the errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_total: Option<usize>,
}

impl Operation for Create {
    const NAME: &'static str = "create";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["title"];
    const ONCE: &'static [&'static str] = &["title", "description", "tasks"];

    type Output = Created;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.is_table = !self.rows.is_empty();
        let misfits = self.spread(&staging.config().limits)?;
        match self.partial {
            true => self.misread = misfits,
            false => Error::items(misfits)?,
        }
        if self.is_list() {
            self.share(staging.config())?;
        } else if self.partial {
            return Err(Error::input("`partial` is for a list of tasks without a `title` of its own", ""));
        }
        self.locate_files(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Created> {
        let kinds = TreeKinds::plain(cx);
        if self.is_list() {
            return self.create_list(tx, cx, &kinds).map(Created::Many);
        }
        let planted = plant(tx, cx, std::slice::from_ref(self), None, &kinds)?;
        match planted.ids.as_slice() {
            [id] => {
                let mut task = tx.task(id)?;
                if task.group.is_some() {
                    tx.settle_groups()?;
                    task = tx.task(id)?;
                }
                Ok(Created::One { id: task.id, status: task.status, ready: task.ready })
            }
            _ => Ok(Created::Many(Many::of(planted, self.return_ids))),
        }
    }
}

impl Create {
    /// Resolves the files of the task and its subtasks on the disk.
    pub fn locate_files(&mut self, places: &Places) -> Result<()> {
        self.files.locate(places)?;
        self.tasks.iter_mut().try_for_each(|task| task.locate_files(places))
    }

    /// Returns true for a list of tasks without a task of its own.
    fn is_list(&self) -> bool {
        self.title.is_none() && self.description.is_none() && !self.tasks.is_empty()
    }

    /// Returns the names by which the request may refer to this task: label and id.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.label.as_ref().map(TaskRef::as_str).into_iter().chain(self.id.as_ref().map(TaskId::as_str))
    }

    /// Returns the field that makes it impossible to create this task a second time, if it has one.
    pub fn happens_once(&self) -> Option<&'static str> {
        let own = [
            ("id", self.id.is_some()),
            ("ref", self.existing.is_some()),
            ("parent", self.parent.is_some()),
            ("files", !self.files.is_empty()),
            ("rows", !self.rows.is_empty()),
        ];
        let found = own.into_iter().find(|(_, is_given)| *is_given).map(|(field, _)| field);
        found.or_else(|| self.tasks.iter().find_map(Self::happens_once))
    }

    /// Returns the number of tasks, with all subtasks.
    pub fn size(&self) -> usize {
        1 + self.tasks.iter().map(Self::size).sum::<usize>()
    }

    fn create_list(&self, tx: &Tx, cx: &Context, kinds: &TreeKinds) -> Result<Many> {
        let named = self.parent.as_ref().filter(|parent| !parent.is_none());
        let parent = named.map(|parent| tx.resolve(parent)).transpose()?;
        let list = if self.is_table { "rows" } else { "tasks" };
        let seeds = Seeds { tasks: &self.tasks, list, under: parent.as_ref(), kinds };
        if self.partial {
            let (planted, failed) = seeds.sow_each(tx, cx, &self.misread)?;
            return Ok(Many::of(planted, self.return_ids).without(failed));
        }
        let planted = plant(tx, cx, &self.tasks, parent.as_ref(), kinds);
        let planted = planted.map_err(|fault| seeds.refusal(fault))?;
        Ok(Many::of(planted, self.return_ids))
    }
}

impl Many {
    /// How many ids an answer lists.
    const NAMED: usize = 50;
    /// How many failures an answer lists.
    const FAILED: usize = 10;

    /// Lists the ids: all of them if `all` is set or if they fit, else the first and the last.
    pub fn of(planted: Planted, all: bool) -> Self {
        let Planted { mut ids, labels, created } = planted;
        if all {
            return Self::counting(created, ids, labels);
        }
        let (first, last) = (ids.first().cloned(), ids.last().cloned());
        ids.retain(|id| !labels.values().any(|labelled| labelled == id));
        if ids.len() + labels.len() <= Self::NAMED {
            return Self::counting(created, ids, labels);
        }
        let labels = if labels.len() <= Self::NAMED { labels } else { IndexMap::new() };
        Self { first, last, ..Self::counting(created, Vec::new(), labels) }
    }

    fn counting(created: usize, ids: Vec<TaskId>, labels: IndexMap<String, TaskId>) -> Self {
        Self { created, labels, ids, first: None, last: None, failed: Vec::new(), failed_total: None }
    }

    fn without(self, mut failed: Vec<Value>) -> Self {
        let total = failed.len();
        failed.truncate(Self::FAILED);
        Self { failed_total: (total > failed.len()).then_some(total), failed, ..self }
    }
}

/// Adds a task without a parent, even if its author works in a project.
pub fn found(tx: &Tx, cx: &Context, task: &Create) -> Result<()> {
    plant(tx, cx, std::slice::from_ref(task), None, &TreeKinds::default())?;
    Ok(())
}
