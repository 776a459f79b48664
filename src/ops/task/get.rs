use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::brief::{Brief, is_default, is_zero, shortened};
use crate::domain::{
    Backoff, Blocker, Dollars, GroupKey, Job, Length, MarkPath, Millis, Phase, Priority, ProjectName, Status,
    Tag, Task, TaskId, TaskRef, Timestamp, Values, WorkerId,
};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::ops::attachment::Row;
use crate::ops::track::Happening;
use crate::store::{Slice, Tx};
use crate::{Context, Effect};

/// Show a task: its text, state, blockers, dependents and attachments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    task: TaskRef,
    /// Offset in the description.
    #[serde(default)]
    from: usize,
}

#[derive(Serialize)]
pub struct Whole {
    id: TaskId,
    title: String,
    status: Status,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The offset of the rest of the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    description_goes_on_at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "is_zero")]
    attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    #[serde(skip_serializing_if = "is_default")]
    priority: Priority,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: BTreeSet<Tag>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    needed_tags: BTreeSet<Tag>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    wanted_tags: BTreeSet<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_estimate_ms: Option<Millis>,
    #[serde(skip_serializing_if = "is_zero")]
    time_actual_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<Dollars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectName>,
    /// Name and version of its template.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// The values of the template's variables, if they are short.
    #[serde(skip_serializing_if = "Option::is_none")]
    vars: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Brief>,
    /// The number of its subtasks, by state.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    children: IndexMap<Status, usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocked_by: Vec<Blocker>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<Brief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks_total: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_total: Option<usize>,
    /// The files that the task will change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<MarkPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files_total: Option<usize>,
    /// Retries, schedule, lease and group.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobFacts>,
    /// Its last events, the newest first.
    events: Vec<Happening>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct JobFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_retries: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    failures: u32,
    /// How often its worker died.
    #[serde(skip_serializing_if = "is_default")]
    losses: u32,
    #[serde(skip_serializing_if = "is_default")]
    backoff: Backoff,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Length>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupKey>,
}

impl JobFacts {
    fn of(job: Job, task: &Task) -> Self {
        let Job { max_retries, backoff, lease, failures, losses, not_before, lease_until, .. } = job;
        let lease = lease.and_then(|lease| Length::try_from(lease).ok());
        let group = task.group.clone();
        Self { max_retries, failures, losses, backoff, lease, lease_until, not_before, group }
    }
}

impl Operation for Get {
    const NAME: &'static str = "get";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = Whole;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Whole> {
        const SHOWN: usize = 5;
        const EVENTS: usize = 3;
        let task = tx.task_called(&self.task)?;
        let mut blocked_by = match task.open_blockers + task.blocked_above {
            0 => Vec::new(),
            _ => tx.blockers(&task.id)?,
        };
        blocked_by.truncate(SHOWN);
        let (waiting, waiting_total) = tx.dependents(&task.id, SHOWN)?;
        let slice = Slice { offset: 0, limit: SHOWN };
        let (attachments, attachments_total) = tx.attachments(&task.id, &Default::default(), slice)?;
        let files = tx.files_of(&task.id)?;
        let parent = match tx.parent(&task.id)? {
            Some(parent) => Some(Brief::of(&tx.task(&parent)?)),
            None => None,
        };
        let project = task.project.map(|project| Ok::<_, Error>(tx.project(project)?.name)).transpose()?;
        let (template, vars) = match task.template {
            Some(template) => made_from(tx, &task, template)?,
            None => (None, None),
        };
        let (description, goes_on_at) = self.part_of(task.description.as_deref());
        Ok(Whole {
            ready: task.ready,
            description,
            description_goes_on_at: goes_on_at,
            project,
            template,
            vars,
            parent,
            children: tx.children_by_state(&task.id)?.into_iter().collect(),
            blocked_by,
            blocks_total: (waiting_total > waiting.len()).then_some(waiting_total),
            blocks: waiting.into_iter().map(Brief::from).collect(),
            attachments_total: (attachments_total > attachments.len()).then_some(attachments_total),
            attachments: attachments.into_iter().map(Row::brief).collect(),
            cost_usd: tx.cost_of(&task.id)?,
            files_total: (files.len() > SHOWN).then_some(files.len()),
            files: files.into_iter().take(SHOWN).collect(),
            job: if task.is_job { tx.job(&task.id)?.map(|job| JobFacts::of(job, &task)) } else { None },
            events: tx.events_of(&task.id, EVENTS)?.into_iter().map(Happening::brief).collect(),
            workflow: Some(task.workflow.clone()).filter(|name| *name != cx.config.workflows.default),
            time_actual_ms: task.time_actual_ms + task.timed_since.map_or(0, |since| cx.now.since(since)),
            ..Self::plain(task)
        })
    }
}

/// Returns the template's name and version, and the values if they fit.
fn made_from(tx: &Tx, task: &Task, template: i64) -> Result<(Option<String>, Option<Values>)> {
    const ROOM: usize = 500;
    let template = tx.template_of(template)?;
    let values = tx.values_of(&task.id)?.filter(|values| !values.0.is_empty());
    let length = values.as_ref().map(serde_json::to_string).transpose()?.map_or(0, |text| text.len());
    Ok((Some(format!("{} v{}", template.name, template.version)), values.filter(|_| length <= ROOM)))
}

impl Get {
    /// Returns the part of a description that fits an answer, and the offset of the rest.
    fn part_of(&self, text: Option<&str>) -> (Option<String>, Option<usize>) {
        const SHOWN: usize = 1_200;
        let Some(text) = text else {
            return (None, None);
        };
        let part: String = text.chars().skip(self.from).take(SHOWN).collect();
        let end = self.from + part.chars().count();
        let more = text.chars().nth(end).is_some();
        (Some(part), more.then_some(end))
    }

    /// Returns the fields that the task's own row holds.
    fn plain(task: Task) -> Whole {
        const THOUGHT: usize = 100;
        Whole {
            id: task.id,
            title: task.title,
            status: task.status,
            ready: task.ready,
            description: None,
            description_goes_on_at: None,
            worker_id: task.holder,
            attempt: task.attempt,
            claimed_at: task.claimed_at,
            thought: task.thought.map(|thought| shortened(&thought, THOUGHT)),
            phase: task.phase,
            priority: task.priority,
            tags: task.tags,
            needed_tags: task.demand.needed,
            wanted_tags: task.demand.wanted,
            points: task.points,
            time_estimate_ms: task.time_estimate_ms,
            time_actual_ms: task.time_actual_ms,
            cost_usd: None,
            workflow: None,
            project: None,
            template: None,
            vars: None,
            parent: None,
            children: IndexMap::new(),
            blocked_by: Vec::new(),
            blocks: Vec::new(),
            blocks_total: None,
            attachments: Vec::new(),
            attachments_total: None,
            files: Vec::new(),
            files_total: None,
            job: None,
            events: Vec::new(),
            created_at: task.created_at,
            created_by: task.created_by,
            completed_at: task.completed_at,
            deleted_at: task.deleted_at,
        }
    }
}
