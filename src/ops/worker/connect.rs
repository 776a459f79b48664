use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::packet::Packet;
use super::presence::{self, Leave};
use crate::config::Naming;
use crate::domain::{
    BadName, ClaimLimit, Departure, Loss, ProjectKey, ProjectName, Refusal, Role, Step, Tag, TaskId, Worker,
    WorkerId,
};
use crate::error::{Error, Result};
use crate::ops::project::instructing;
use crate::ops::task::{gating, words};
use crate::ops::workflow::overlaying;
use crate::ops::{Operation, passage};
use crate::store::{Because, Event, Tx};
use crate::{Context, Effect};

/// Register as a worker, or reconnect and resume; other calls need the returned worker_id.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// Your name; default: generated.
    worker_id: Option<WorkerId>,
    /// Your skills.
    tags: Option<BTreeSet<Tag>>,
    /// For new tasks.
    #[schemars(extend("x-rare" = true))]
    workflow: Option<String>,
    #[schemars(extend("x-rare" = true))]
    overlays: Option<Vec<String>>,
    /// Work in it only; "null": in all.
    project: Option<String>,
    /// 0: no limit.
    #[schemars(extend("x-rare" = true))]
    max_claims: Option<u32>,
    /// Take over the name.
    #[serde(default)]
    force: bool,
    /// Resume lost tasks; default true.
    #[schemars(extend("x-rare" = true))]
    resume: Option<bool>,
}

#[derive(Serialize)]
pub struct Connected {
    worker_id: WorkerId,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: BTreeSet<Tag>,
    workflow: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overlays: Vec<String>,
    /// The role that its tags give it in that workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    max_claims: ClaimLimit,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectName>,
    /// Instructions of the project, the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    /// The facts it needs to resume, if it has tasks.
    #[serde(flatten)]
    packet: Packet,
}

impl Operation for Connect {
    const NAME: &'static str = "connect";
    /// Not synced to the disk: a power cut that undoes it has ended the worker's process too.
    const EFFECT: Effect = Effect::Note;
    const POSITIONAL: &'static [&'static str] = &["worker_id"];
    const SWEEPS: bool = true;

    type Output = Connected;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Connected> {
        if let Some(tags) = &self.tags {
            words::check_tags(cx, tags)?;
        }
        if let Some(workflow) = &self.workflow {
            cx.workflow(workflow)?;
        }
        for overlay in self.overlays.iter().flatten() {
            overlaying::named(cx, overlay)?;
        }
        let id = match self.worker_id.as_ref().or(cx.caller.worker.as_ref()) {
            Some(id) => id.clone(),
            None => unused_name(tx, cx.config.worker_names)?,
        };
        let known = tx.worker_if_known(&id)?;
        if let Some(known) = &known {
            let after = self.overlays.as_ref().unwrap_or(&known.overlays);
            overlaying::refuse_way_round(tx, cx, known, after)?;
        }
        let is_known = known.is_some();
        let mut worker = self.described(known.clone().unwrap_or_else(|| presence::newcomer(id, cx)), cx);
        worker.project = self.project_of(tx, &worker)?;
        let known = known.filter(|known| known.left.is_none());
        let taken_over = match known.as_ref().filter(|known| presence::lives_elsewhere(known, cx)) {
            Some(known) if !self.force => return Err(presence::name_taken(known).into()),
            taken => taken.is_some(),
        };
        if let (Some(overlays), Ok(own)) = (&self.overlays, cx.workflow(&worker.workflow)) {
            overlaying::check(cx, own, overlays)?;
        }
        if let Some(known) = &known
            && let Some(loss) = self.lost(known, cx)
        {
            presence::depart(tx, cx, known, &Leave::from(&loss))?;
        }
        tx.put_worker(&worker)?;
        let goes_on = known.as_ref().is_some_and(|known| !presence::is_news(known, cx));
        let had = if goes_on { instructing::names(tx.guided(&worker.id)?) } else { Vec::new() };
        tx.set_guided(&worker.id, &had)?;
        let cause = if taken_over { "force" } else { "connect" };
        record(tx, &worker, &Because::asked(Some(&worker.id), cause, cx.now))?;
        if taken_over {
            take_again(tx, cx, &worker)?;
        } else if self.resume.unwrap_or(true) {
            resume(tx, cx, &worker)?;
        }
        if self.overlays.is_some() && is_known {
            overlaying::lay_over_work(tx, &worker.id, &worker.overlays)?;
        }
        let packet = match is_known {
            true => Packet::of(tx, cx, &worker, &[])?,
            false => Packet::first(tx, &worker)?,
        };
        *cx.mail.reader.borrow_mut() = Some(worker.id.clone());
        answer(tx, cx, worker, packet)
    }
}

impl Connect {
    /// Returns the loss of the worker that had the name, unless its tasks are simply resumed.
    fn lost(&self, known: &Worker, cx: &Context) -> Option<Loss> {
        let loss = presence::loss(known, &cx.sign(), cx.config.stale_timeout_ms);
        let begins_anew = self.resume == Some(false) && known.reserved_ms.is_some();
        let anew = || Loss { how: Departure::Died, why: "it came back and began anew".into() };
        loss.or_else(|| begins_anew.then(anew))
    }

    /// Returns the requested overlays, each once.
    fn overlays_once(&self) -> Option<Vec<String>> {
        let mut overlays = self.overlays.clone()?;
        let mut seen = BTreeSet::new();
        overlays.retain(|name| seen.insert(name.clone()));
        Some(overlays)
    }

    /// Returns the project in which the worker works.
    fn project_of(&self, tx: &Tx, worker: &Worker) -> Result<Option<ProjectKey>> {
        match self.project.as_deref() {
            None => Ok(worker.project),
            Some("null") => Ok(None),
            Some(name) => {
                let name = name.parse().map_err(|bad: BadName| Error::input(bad.to_string(), ""))?;
                let project = tx.project_named(&name)?;
                let task = tx.task(&tx.project_task(project.key)?)?;
                match task.deleted_at {
                    None => Ok(Some(project.key)),
                    Some(_) => Err(Refusal::Deleted { task: task.id }.into()),
                }
            }
        }
    }

    /// Returns the worker as this call describes it, present and alive.
    fn described(&self, worker: Worker, cx: &Context) -> Worker {
        let limit = worker.limit;
        let worker = Worker {
            tags: self.tags.clone().unwrap_or(worker.tags),
            workflow: self.workflow.clone().unwrap_or(worker.workflow),
            overlays: self.overlays_once().unwrap_or(worker.overlays),
            ..worker
        };
        let says_what_it_is = self.tags.is_some() || self.workflow.is_some();
        let of_role = role(cx, &worker).filter(|_| says_what_it_is).and_then(|(_, role)| role.max_claims);
        Worker {
            limit: self.max_claims.or(of_role).map_or(limit, ClaimLimit),
            last_heartbeat: cx.now,
            sign: cx.sign(),
            reserved_ms: None,
            process: cx.caller.process.clone(),
            left: None,
            ..worker
        }
    }
}

fn answer(tx: &Tx, cx: &Context, worker: Worker, packet: Packet) -> Result<Connected> {
    let role = role(cx, &worker).map(|(name, _)| name);
    let project = worker.project.map(|project| tx.project(project)).transpose()?;
    let instructions = match &project {
        Some(project) => instructing::tell(tx, &worker.id, project)?,
        None => None,
    };
    Ok(Connected {
        worker_id: worker.id,
        tags: worker.tags,
        role,
        workflow: worker.workflow,
        overlays: worker.overlays,
        max_claims: worker.limit,
        project: project.map(|project| project.name),
        instructions,
        packet,
    })
}

/// Returns the worker's role by its tags, in its own workflow.
pub fn role(cx: &Context, worker: &Worker) -> Option<(String, Role)> {
    let own = cx.workflow(&worker.workflow).ok()?;
    let rules = cx.overlaid(own, &worker.overlays);
    rules.role_of(&worker.tags).map(|(name, role)| (name.to_owned(), role.clone()))
}

fn unused_name(tx: &Tx, Naming { words, case }: Naming) -> Result<WorkerId> {
    const TRIES: usize = 20;
    for words in std::iter::repeat_n(words, TRIES).chain([words + 1, words + 2]) {
        let Some(name) = petname::petname(words, " ") else {
            continue;
        };
        let id: WorkerId = case.join(name.split(' ')).parse().map_err(crate::Error::internal)?;
        if tx.worker_if_known(&id)?.is_none() {
            return Ok(id);
        }
    }
    let id = TaskId::generate();
    id.short().parse().map_err(crate::Error::internal)
}

fn record(tx: &Tx, worker: &Worker, because: &Because<'_>) -> Result<()> {
    let after = Some(json!({ "tags": worker.tags, "workflow": worker.workflow }));
    tx.record(&Event { after, ..Event::of("connected", because) })
}

/// Begins new attempts at all tasks of the name, so that the process that had the name is fenced off.
fn take_again(tx: &Tx, cx: &Context, worker: &Worker) -> Result<()> {
    for id in tx.held_by(&worker.id)? {
        let task = tx.task(&id)?;
        if task.claimed_at.is_some() {
            let step = Step::claim(&task, &worker.id, &task.status, cx.workflow_of(&task)?);
            passage::take(tx, cx, &task, &step, &Because::asked(Some(&worker.id), "force", cx.now))?;
        }
    }
    cx.notify(format!("the name was taken over from a worker that was {}", Departure::Replaced.as_str()));
    Ok(())
}

/// Resumes the tasks that the worker lost, unless another worker has claimed them or a rule forbids it.
fn resume(tx: &Tx, cx: &Context, worker: &Worker) -> Result<()> {
    for id in tx.lost_by(&worker.id)? {
        let task = tx.task(&id)?;
        let workflow = cx.workflow_of(&task)?;
        if task.ready
            && worker.limit.allows(tx.working_on(&worker.id)?)
            && gating::objection_to(tx, cx, &task, &workflow.claim)?.is_none()
        {
            let step = Step::resume(&task, &worker.id, workflow);
            passage::take(tx, cx, &task, &step, &Because::asked(Some(&worker.id), "resume", cx.now))?;
        }
    }
    Ok(())
}
