use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claiming::{self, Beginning, Force, Taken};
use super::gating;
use crate::domain::{
    Length, ProjectName, ProjectState, Refusal, Selector, Standing, Tag, Task, TaskRef, TemplateName,
    Timestamp, WorkerId,
};
use crate::error::Result;
use crate::ops::job::{due, setting};
use crate::ops::mark::Files;
use crate::ops::mark::marking::{self, Purpose};
use crate::ops::passage::Consequences;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Take a task and start on it; without `task`, the tasks you hold, else the best ready one.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub task: Option<TaskRef>,
    /// New ones.
    pub count: Option<usize>,
    /// To mark.
    #[serde(default)]
    pub files: Files,
    /// Override holder and blockers.
    #[serde(default)]
    pub force: bool,
    /// Only tasks under this.
    pub under: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    pub project: Option<ProjectName>,
    #[schemars(extend("x-rare" = true))]
    pub template: Option<TemplateName>,
    /// Tasks with one of these.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    pub tags_any: Vec<Tag>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    pub tags_all: Vec<Tag>,
    /// Release it after this long unless `thinking` extends it.
    #[schemars(extend("x-rare" = true))]
    pub lease: Option<Length>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Claimed {
    One {
        task: Taken,
        #[serde(flatten)]
        consequences: Consequences,
    },
    Several {
        tasks: Vec<Taken>,
        /// How many tasks the worker holds, if not all are shown.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<usize>,
    },
    Nothing {
        /// Always null.
        task: Option<Taken>,
        why: String,
        /// The time of the next scheduled change.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_at: Option<Timestamp>,
        next: &'static str,
    },
}

impl Operation for Claim {
    const NAME: &'static str = "claim";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["task"];
    const SWEEPS: bool = true;
    const FORESEES: bool = true;

    type Output = Claimed;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.files.locate(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Claimed> {
        let mut claimed = self.claim(tx, cx)?;
        if let Some(lease) = self.lease {
            lend(tx, cx, &mut claimed, lease)?;
        }
        if !self.files.is_empty() {
            self.mark(tx, cx, &mut claimed)?;
        }
        Ok(claimed)
    }

    fn foresee(&self, tx: &Tx, cx: &Context) -> Result<Option<Claimed>> {
        if !self.files.is_empty() {
            return Ok(None);
        }
        if let Some(task) = &self.task {
            let task = tx.task_called(task)?;
            return foresee_one(tx, cx, &task, self.force.into());
        }
        if self.count.is_some() || self.lease.is_some() {
            return Ok(None);
        }
        if let Some(held) = held(tx, &cx.actor()?.id)? {
            return Ok(Some(held));
        }
        let selector = self.selector(tx)?;
        if due::is_any(tx, cx)? || next(tx, cx, selector.as_ref())?.is_some() {
            return Ok(None);
        }
        nothing(tx, cx, selector.as_ref()).map(Some)
    }

    fn comes_to_nothing(&self, answer: &Value) -> bool {
        answer.get("why").is_some()
    }
}

impl Claim {
    /// Returns the task that it would claim now, or else the answer that gives the reason.
    pub fn within_reach(&self, tx: &Tx, cx: &Context) -> Result<std::result::Result<Task, Claimed>> {
        let selector = self.selector(tx)?;
        match within_reach(tx, cx, selector.as_ref())? {
            Some(task) => Ok(Ok(task)),
            None => nothing(tx, cx, selector.as_ref()).map(Err),
        }
    }

    fn claim(&self, tx: &Tx, cx: &Context) -> Result<Claimed> {
        if let Some(task) = &self.task {
            let task = tx.task_called(task)?;
            return claim_one(tx, cx, &task, self.force.into());
        }
        let selector = self.selector(tx)?;
        let claimed = match self.count {
            Some(count) => claim_new(tx, cx, count, selector.as_ref())?,
            None => match held(tx, &cx.actor()?.id)? {
                Some(held) => return Ok(held),
                None => claim_best(tx, cx, selector.as_ref())?,
            },
        };
        let worker = cx.actor()?;
        if worker.selector != selector {
            tx.set_selector(&worker.id, selector.as_ref())?;
        }
        Ok(claimed)
    }

    /// Returns the filter for tasks, if the call has one.
    fn selector(&self, tx: &Tx) -> Result<Option<Selector>> {
        let under = self.under.as_ref().map(|under| tx.resolve(under)).transpose()?;
        let project = self.project.as_ref().map(|name| tx.project_named(name)).transpose()?;
        let project = project.map(|project| project.key);
        if let Some(template) = &self.template {
            tx.template_for(project, template)?;
        }
        let selector = Selector {
            project,
            template: self.template.clone(),
            under,
            tags_any: self.tags_any.clone(),
            tags_all: self.tags_all.clone(),
        };
        Ok(Some(selector).filter(|selector| !selector.is_any()))
    }

    /// Marks the files for the claimed task, if it is only one.
    fn mark(&self, tx: &Tx, cx: &Context, claimed: &mut Claimed) -> Result<()> {
        match claimed {
            Claimed::One { task, consequences } => {
                let purpose = Purpose { task: Some(&task.id), because: cx.because("claim") };
                let came = marking::mark(tx, cx, self.files.paths(), &purpose)?;
                consequences.take_up(came);
            }
            Claimed::Several { .. } => {
                cx.notify(
                    "`files` were not marked, since there are several tasks: `mark_file` marks them for one",
                );
            }
            Claimed::Nothing { .. } => {}
        }
        Ok(())
    }
}

fn foresee_one(tx: &Tx, cx: &Context, task: &Task, force: Force) -> Result<Option<Claimed>> {
    if let Some(mine) = mine(tx, cx, task)? {
        return Ok(Some(mine));
    }
    let target = &cx.workflow_of(task)?.claim;
    claiming::overridden(claiming::objections(tx, cx, task, cx.actor()?, target)?, force)?;
    Ok(None)
}

/// Returns the answer for a task that the worker has already started on.
fn mine(tx: &Tx, cx: &Context, task: &Task) -> Result<Option<Claimed>> {
    if task.claimed_at.is_none() || task.holder.as_ref() != Some(&cx.actor()?.id) {
        return Ok(None);
    }
    let task = Taken::again(tx, task.clone())?;
    Ok(Some(Claimed::One { task, consequences: Consequences::default() }))
}

fn claim_one(tx: &Tx, cx: &Context, task: &Task, force: Force) -> Result<Claimed> {
    if let Some(mine) = mine(tx, cx, task)? {
        return Ok(mine);
    }
    let consequences = claiming::claim(tx, cx, task, &Beginning::plain(force))?;
    Ok(Claimed::One { task: Taken::new(tx, cx, &task.id)?, consequences })
}

/// Returns the tasks that the worker has started on, if any.
pub fn held(tx: &Tx, worker: &WorkerId) -> Result<Option<Claimed>> {
    const SHOWN: usize = 8;
    let mut begun = tx.begun_by(worker)?;
    if begun.is_empty() {
        return Ok(None);
    }
    let total = Some(begun.len()).filter(|total| *total > SHOWN);
    begun.truncate(SHOWN);
    let again = |task| Taken::again(tx, task);
    let mut tasks: Vec<Taken> = tx.whole(&begun)?.into_iter().map(again).collect::<Result<_>>()?;
    match tasks.len() {
        1 => Ok(tasks.pop().map(|task| Claimed::One { task, consequences: Consequences::default() })),
        _ => Ok(Some(Claimed::Several { tasks, total })),
    }
}

fn claim_best(tx: &Tx, cx: &Context, selector: Option<&Selector>) -> Result<Claimed> {
    due::catch_up(tx, cx)?;
    match next(tx, cx, selector)? {
        Some(task) => claim_one(tx, cx, &task, Force::No),
        None => nothing(tx, cx, selector),
    }
}

/// Sets the lease of the attempts that began with this call.
fn lend(tx: &Tx, cx: &Context, claimed: &mut Claimed, lease: Length) -> Result<()> {
    let taken = match claimed {
        Claimed::One { task, .. } => std::slice::from_mut(task),
        Claimed::Several { tasks, .. } => tasks,
        Claimed::Nothing { .. } => &mut [],
    };
    for taken in taken.iter_mut().filter(|taken| !taken.resumed) {
        setting::lend(tx, cx, &tx.task(&taken.id)?, lease)?;
        taken.lease_until = Some(cx.now.after(lease.millis()));
    }
    Ok(())
}

fn claim_new(tx: &Tx, cx: &Context, count: usize, selector: Option<&Selector>) -> Result<Claimed> {
    const AT_A_CALL: usize = 20;
    super::words::check_number("tasks", count, AT_A_CALL)?;
    due::catch_up(tx, cx)?;
    let mut tasks = Vec::new();
    while tasks.len() < count {
        let Some(task) = next(tx, cx, selector)? else { break };
        match claiming::claim(tx, cx, &task, &Beginning::plain(Force::No)) {
            Ok(consequences) => {
                consequences.tell_conflicts(cx);
                tasks.push(Taken::new(tx, cx, &task.id)?);
                if task.group.is_some() {
                    tx.settle_groups()?;
                }
            }
            Err(crate::Error::Refused(Refusal::AtLimit { .. } | Refusal::Gate { .. }))
                if !tasks.is_empty() =>
            {
                break;
            }
            Err(error) => return Err(error),
        }
    }
    match tasks.is_empty() {
        true => nothing(tx, cx, selector),
        false => Ok(Claimed::Several { tasks, total: None }),
    }
}

/// Returns the task that a claim would take now, if no rule forbids the claim.
fn within_reach(tx: &Tx, cx: &Context, selector: Option<&Selector>) -> Result<Option<Task>> {
    let Some(task) = next(tx, cx, selector)? else {
        return Ok(None);
    };
    let target = &cx.workflow_of(&task)?.claim;
    Ok(claiming::objections(tx, cx, &task, cx.actor()?, target)?.is_empty().then_some(task))
}

/// Returns the task to claim: one assigned to the worker that it can start on, else the best ready one.
pub fn next(tx: &Tx, cx: &Context, selector: Option<&Selector>) -> Result<Option<Task>> {
    let worker = cx.actor()?;
    for given in tx.given_to(&worker.id)? {
        let task = tx.task(&given)?;
        let target = &cx.workflow_of(&task)?.claim;
        let is_free = claiming::objections(tx, cx, &task, worker, target)?.is_empty();
        if is_free && gating::objection_to(tx, cx, &task, target)?.is_none() {
            return Ok(Some(task));
        }
    }
    claiming::best_for(tx, cx, worker, selector)
}

/// Returns the answer to a claim that finds no task.
fn nothing(tx: &Tx, cx: &Context, selector: Option<&Selector>) -> Result<Claimed> {
    let asked = selector.and_then(|selector| selector.project);
    let project = asked.or(cx.actor()?.project).map(|project| tx.project(project)).transpose()?;
    let (tallies, place) = match &project {
        Some(project) => (tx.tallies_in(project.key)?, format!(" in project `{}`", project.name)),
        None => (tx.tallies()?, String::new()),
    };
    let mut counts: Vec<(Standing, i64)> = Vec::new();
    for tally in tallies.into_iter().filter(|tally| tally.standing != Standing::Ended) {
        match counts.iter_mut().find(|(standing, _)| *standing == tally.standing) {
            Some((_, count)) => *count += tally.tasks,
            None => counts.push((tally.standing, tally.tasks)),
        }
    }
    let mut open: Vec<_> = counts
        .iter()
        .map(|(standing, count)| match standing {
            Standing::Ready if selector.is_some() => format!("{count} ready, of which none fits"),
            Standing::Ready => format!("{count} ready only for workers with other tags"),
            standing => format!("{count} {}", standing.as_str()),
        })
        .collect();
    open.extend(reserved(tx)?);
    let scheduled = counts.iter().any(|(standing, _)| *standing == Standing::Scheduled);
    let stands_still = project.as_ref().filter(|project| project.state != ProjectState::Active);
    let (why, next) = match (stands_still, counts.is_empty()) {
        (Some(project), _) => (
            format!("project `{}` is {}", project.name, project.state.as_str()),
            "wait, or connect with another project",
        ),
        (None, true) => (format!("no task is open{place}"), "create tasks, or stop"),
        (None, false) => (
            format!("nothing is ready for you{place}: {}", open.join(", ")),
            "`wait` with `claim` waits for one, `explain` says what holds them back",
        ),
    };
    let next_at = if scheduled { tx.next_due()? } else { None };
    Ok(Claimed::Nothing { task: None, why, next_at, next })
}

/// Returns a note on the tasks that are reserved for workers whose clients disconnected.
fn reserved(tx: &Tx) -> Result<Option<String>> {
    const NAMED: usize = 3;
    let holding = tx.workers_holding()?;
    let away = holding.iter().filter_map(|worker| Some((&worker.id, worker.reserved_until()?)));
    let away: Vec<_> = away.take(NAMED).map(|(id, until)| format!("`{id}` until {until}")).collect();
    Ok((!away.is_empty()).then(|| format!("some of them reserved for {}", away.join(", "))))
}
