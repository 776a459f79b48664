use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Project, ProjectKey, ProjectName, ProjectState, Standing, Status, TaskId};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::{if_short, is_default, is_zero, shortened};
use crate::store::{Page, ProjectRow, Start, Tx};
use crate::{Context, Effect};

/// List the projects with their counts, or show one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListProjects {
    name: Option<ProjectName>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    with_closed: bool,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    from: usize,
    /// Default 20.
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    One(Box<Whole>),
    List {
        projects: Vec<Row>,
        total: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_offset: Option<usize>,
    },
}

#[derive(Serialize)]
pub struct Row {
    name: ProjectName,
    #[serde(skip_serializing_if = "is_default")]
    state: ProjectState,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
pub struct Whole {
    #[serde(flatten)]
    row: Row,
    /// The task of the project itself.
    task: TaskId,
    by_status: IndexMap<Status, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    /// The offset of the rest of the instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions_go_on_at: Option<usize>,
    /// Left out if they are long; `query` shows the whole of the table `projects`.
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults: Option<Value>,
}

/// The number of a project's tasks by standing; its own task is not counted.
#[derive(Serialize)]
struct Counts {
    total: i64,
    #[serde(skip_serializing_if = "is_zero")]
    ready: i64,
    #[serde(skip_serializing_if = "is_zero")]
    held: i64,
    #[serde(skip_serializing_if = "is_zero")]
    blocked: i64,
    #[serde(skip_serializing_if = "is_zero")]
    paused: i64,
    #[serde(skip_serializing_if = "is_zero")]
    containers: i64,
    #[serde(skip_serializing_if = "is_zero")]
    ended: i64,
}

impl Operation for ListProjects {
    const NAME: &'static str = "projects";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["name"];
    const SWEEPS: bool = true;

    type Output = Shown;

    fn run(&self, tx: &Tx, _cx: &Context) -> Result<Shown> {
        const MOST: usize = 30;
        if let Some(name) = &self.name {
            return Ok(Shown::One(Box::new(self.whole(tx, tx.project_named(name)?)?)));
        }
        let limit = self.limit.unwrap_or(20).clamp(1, MOST);
        let page = Page { limit, start: Start::Offset(self.offset) };
        let (found, total) = tx.projects(self.with_closed, page)?;
        let projects = found.into_iter().map(|project| row(tx, project)).collect::<Result<Vec<_>>>()?;
        let seen = self.offset + projects.len();
        Ok(Shown::List {
            next_offset: (!projects.is_empty() && seen < total).then_some(seen),
            projects,
            total,
        })
    }
}

impl ListProjects {
    fn whole(&self, tx: &Tx, project: Project) -> Result<Whole> {
        const DESCRIPTION: usize = 200;
        const INSTRUCTIONS: usize = 1_000;
        let task = tx.task(&tx.project_task(project.key)?)?;
        let mut by_status: IndexMap<Status, i64> = IndexMap::new();
        for tally in tx.tallies_in(project.key)? {
            *by_status.entry(tally.status).or_default() += tally.tasks;
        }
        let text = project.instructions.unwrap_or_default();
        let part: String = text.chars().skip(self.from).take(INSTRUCTIONS).collect();
        let end = self.from + part.chars().count();
        let Project { key, name, state, defaults, .. } = Project { instructions: None, ..project };
        Ok(Whole {
            row: row(tx, ProjectRow { key, name, state })?,
            task: task.id,
            by_status,
            description: task.description.map(|text| shortened(&text, DESCRIPTION)),
            instructions_go_on_at: text.chars().nth(end).map(|_| end),
            instructions: Some(part).filter(|part| !part.is_empty()),
            defaults: if_short(&defaults)?,
        })
    }
}

fn row(tx: &Tx, ProjectRow { key, name, state }: ProjectRow) -> Result<Row> {
    Ok(Row { name, state, counts: Counts::of(tx, key)? })
}

impl Counts {
    fn of(tx: &Tx, project: ProjectKey) -> Result<Self> {
        let tallies = tx.tallies_in(project)?;
        let count = |standing: Standing| {
            tallies.iter().filter(|tally| tally.standing == standing).map(|tally| tally.tasks).sum()
        };
        Ok(Self {
            total: tallies.iter().map(|tally| tally.tasks).sum(),
            ready: count(Standing::Ready),
            held: count(Standing::Held),
            blocked: count(Standing::Blocked),
            paused: count(Standing::Paused),
            containers: count(Standing::Container),
            ended: count(Standing::Ended),
        })
    }
}
