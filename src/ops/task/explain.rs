use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::brief::{Brief, Row, is_zero};
use super::{claiming, gating};
use crate::domain::{
    ProjectState, Refusal, Standing, Status, TaskId, TaskRef, Timestamp, Worker, WorkerId, listed,
};
use crate::error::Result;
use crate::ops::mark::marking::{self, Conflict};
use crate::ops::worker::presence;
use crate::ops::{Actor, Operation};
use crate::store::{Filter, Order, Page, Queue, Start, Tx};
use crate::{Context, Effect, Error};

/// Explain why you can or cannot claim a task; without `task`, why nothing is ready.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    task: Option<TaskRef>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Explanation {
    Task {
        task: Brief,
        claimable: bool,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        because: Vec<Value>,
        /// Files the task will change that other workers have marked.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files_marked: Vec<Conflict>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    Project(Box<Situation>),
}

/// The state of the queue: ready tasks, and the reasons why others are not.
#[derive(Serialize)]
pub struct Situation {
    ready_for_you: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<Row>,
    /// The tags of ready tasks that do not fit yours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ready_for_others: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    you: Option<String>,
    held: Vec<Holding>,
    blocked: i64,
    /// Tasks with a start time in the future.
    #[serde(skip_serializing_if = "is_zero")]
    scheduled: i64,
    /// Tasks that wait for a slot in their group.
    #[serde(skip_serializing_if = "is_zero")]
    limited: i64,
    /// The time of the next scheduled change.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Timestamp>,
    /// Tasks that would be ready if their project or their state permitted it.
    #[serde(skip_serializing_if = "is_zero")]
    paused: i64,
    /// The tasks with the most dependents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bottlenecks: Vec<Bottleneck>,
    next: String,
}

#[derive(Serialize)]
struct Holding {
    id: TaskId,
    worker_id: WorkerId,
    for_minutes: i64,
    /// The time until which the task is reserved; its client is disconnected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_until: Option<Timestamp>,
}

#[derive(Serialize)]
struct Bottleneck {
    id: TaskId,
    status: Status,
    holds_back: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<String>,
}

impl Operation for Explain {
    const NAME: &'static str = "explain";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task"];
    const SWEEPS: bool = true;

    type Output = Explanation;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Explanation> {
        match &self.task {
            Some(name) => explain_task(tx, cx, &tx.resolve(name)?),
            None => Ok(Explanation::Project(Box::new(situation(tx, cx)?))),
        }
    }

    fn comes_to_nothing(&self, answer: &Value) -> bool {
        answer["claimable"] == false || answer["ready_for_you"] == 0
    }
}

/// How many marks of other workers an explanation lists.
const FILES_SHOWN: usize = 5;

fn explain_task(tx: &Tx, cx: &Context, id: &TaskId) -> Result<Explanation> {
    let task = tx.task(id)?;
    let mine = cx.worker.as_ref().is_some_and(|worker| task.holder.as_ref() == Some(&worker.id));
    if mine && task.claimed_at.is_some() {
        let next = Some("you hold it already: go on with it".to_owned());
        return Ok(Explanation::Task {
            task: Brief::of(&task),
            claimable: false,
            because: Vec::new(),
            files_marked: Vec::new(),
            next,
        });
    }
    let worker = worker_or_nobody(cx)?;
    let mut objections = claiming::objections(tx, cx, &task, &worker, &cx.workflow_of(&task)?.claim)?;
    if objections.is_empty() {
        objections.extend(gating::objection_to(tx, cx, &task, &cx.workflow_of(&task)?.claim)?);
    }
    if cx.worker.is_none() {
        objections.retain(|refusal| !matches!(refusal, Refusal::LacksTags { .. }));
    }
    let mut files_marked = marking::held_by_others(tx, cx, id, &worker)?;
    files_marked.truncate(FILES_SHOWN);
    let passed_over = || {
        const OVER: usize = claiming::PASSED_OVER;
        format!(
            "claim without a task passes over up to {OVER} such tasks; with `task` it takes this one anyway"
        )
    };
    Ok(Explanation::Task {
        claimable: objections.is_empty(),
        next: match objections.first() {
            Some(refusal) => Some(refusal.hint()),
            None => (!files_marked.is_empty()).then(passed_over),
        },
        files_marked,
        because: objections.into_iter().map(|refusal| Error::Refused(refusal).to_json()).collect(),
        task: Brief::of(&task),
    })
}

fn worker_or_nobody(cx: &Context) -> Result<Worker> {
    match &cx.worker {
        Some(worker) => Ok(worker.clone()),
        None => Ok(presence::newcomer("nobody".parse().map_err(Error::internal)?, cx)),
    }
}

/// Returns the situation of the caller in one line.
pub fn outlook(tx: &Tx, cx: &Context) -> Result<String> {
    let Situation { ready_for_you, blocked, you, next, .. } = situation(tx, cx)?;
    let you = you.map(|you| format!("{you}; ")).unwrap_or_default();
    Ok(format!("{you}{ready_for_you} ready for you, {blocked} blocked: {next}"))
}

fn situation(tx: &Tx, cx: &Context) -> Result<Situation> {
    let worker = cx.worker.as_ref();
    let (fitting, others): (Vec<Queue>, Vec<Queue>) = tx
        .queues_in(worker.and_then(|worker| worker.project))?
        .into_iter()
        .partition(|queue| worker.is_none_or(|worker| queue.demand.objection(&worker.tags).is_none()));
    let for_you =
        Filter { standing: Some(Standing::Ready), queues: Some(fitting.clone()), ..Filter::default() };
    let ready_for_you = tx.count(&for_you, 1_000)?;
    let best = claiming::best_of(tx, cx, &worker_or_nobody(cx)?, fitting)?;
    let tallies = tx.tallies()?;
    let standing = |asked: Standing| {
        tallies.iter().filter(|tally| tally.standing == asked).map(|tally| tally.tasks).sum()
    };
    let scheduled = standing(Standing::Scheduled);
    let open: i64 =
        tallies.iter().filter(|tally| tally.standing != Standing::Ended).map(|tally| tally.tasks).sum();
    let you = worker.map(|worker| standing_of(tx, worker)).transpose()?.flatten();
    let held = holdings(tx, cx)?;
    let still = standing_still(tx, worker)?;
    let next = match &still {
        Some(_) => "wait, or connect with another project",
        None => advice(ready_for_you, you.is_some(), !held.is_empty(), !others.is_empty(), (open, scheduled)),
    };
    Ok(Situation {
        ready_for_you,
        best: best.map(|task| Row::of(task, false)),
        ready_for_others: others.iter().map(wanted).collect(),
        you: still.or(you),
        held,
        blocked: standing(Standing::Blocked),
        scheduled,
        limited: standing(Standing::Limited),
        next_at: if scheduled > 0 { tx.next_due()? } else { None },
        paused: standing(Standing::Paused),
        bottlenecks: bottlenecks(tx)?,
        next: next.to_owned(),
    })
}

fn advice(
    ready: usize,
    at_limit: bool,
    held: bool,
    for_others: bool,
    (open, scheduled): (i64, i64),
) -> &'static str {
    match (ready, at_limit) {
        (_, true) => "finish or release what you hold first",
        (1.., _) => "claim takes the best one",
        _ if for_others => "connect a worker with these tags",
        _ if held => "wait for those who are at work, or create tasks",
        _ if scheduled > 0 => "come back at `next_at`, or create tasks",
        _ if open == 0 => "no task is open: create tasks, or stop",
        _ => "retry, cancel or unlink what holds the others back",
    }
}

/// Returns a note that the worker is at its claim limit, if it is.
fn standing_of(tx: &Tx, worker: &Worker) -> Result<Option<String>> {
    let held = tx.working_on(&worker.id)?;
    let full = !worker.limit.allows(held);
    Ok(full.then(|| format!("you hold {held} and may hold {}", worker.limit.0)))
}

/// Returns a note that the worker's project is not active, if so.
fn standing_still(tx: &Tx, worker: Option<&Worker>) -> Result<Option<String>> {
    let project = worker.and_then(|worker| worker.project).map(|project| tx.project(project)).transpose()?;
    let still = project.filter(|project| project.state != ProjectState::Active);
    Ok(still.map(|project| format!("your project `{}` is {}", project.name, project.state.as_str())))
}

fn wanted(queue: &Queue) -> String {
    let mut asked = Vec::new();
    if !queue.demand.needed.is_empty() {
        asked.push(format!("all of {}", listed(&queue.demand.needed)));
    }
    if !queue.demand.wanted.is_empty() {
        asked.push(format!("one of {}", listed(&queue.demand.wanted)));
    }
    asked.join(" and ")
}

fn holdings(tx: &Tx, cx: &Context) -> Result<Vec<Holding>> {
    const SHOWN: usize = 10;
    let filter = Filter { standing: Some(Standing::Held), ..Filter::default() };
    let page = Page { limit: SHOWN, start: Start::Offset(0) };
    let held = tx.list(&filter, Order::Oldest, page)?;
    let mut holdings = Vec::new();
    for task in held {
        let Some(worker_id) = task.holder else { continue };
        holdings.push(Holding {
            id: task.id,
            reserved_until: tx.worker(&worker_id)?.reserved_until(),
            worker_id,
            for_minutes: task.claimed_at.map_or(0, |since| cx.now.since(since) / 60_000),
        });
    }
    Ok(holdings)
}

fn bottlenecks(tx: &Tx) -> Result<Vec<Bottleneck>> {
    const SHOWN: usize = 5;
    let worst = tx.bottlenecks(SHOWN)?;
    let described = worst.into_iter().map(|(id, holds_back)| {
        let task = tx.task(&id)?;
        Ok(Bottleneck {
            id,
            status: task.status,
            holds_back,
            worker_id: task.holder.map(|holder| holder.to_string()),
        })
    });
    described.collect()
}
