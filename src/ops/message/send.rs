use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::telling;
use crate::domain::{
    Address, Message, MessageKind, Refusal, Task, TaskId, TaskRef, Worker, WorkerId, nearest,
};
use crate::error::{Error, Result};
use crate::ops::task::{is_default, words};
use crate::ops::worker::role;
use crate::ops::{Actor, Operation};
use crate::store::{NewMessage, Tx};
use crate::{Context, Effect};

/// Send a message; the reader's next answer shows it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    text: String,
    /// Workers, role:x, tag:x, all; default: holder of `task`.
    #[serde(default)]
    to: Vec<Address>,
    kind: Option<MessageKind>,
    task: Option<TaskRef>,
    reply_to: Option<i64>,
}

#[derive(Serialize)]
pub struct Sent {
    id: i64,
    /// The first recipients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_total: Option<usize>,
    /// The task has no holder now; its next holder gets the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_for: Option<TaskId>,
    /// How many recipients are away; they get it when they return.
    #[serde(skip_serializing_if = "is_default")]
    absent: usize,
}

/// The recipients of a message.
enum Readers {
    Workers(BTreeSet<WorkerId>),
    /// The worker that claims the task next.
    NextHolder,
}

impl Operation for Send {
    const NAME: &'static str = "send";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["text"];
    const SWEEPS: bool = true;

    type Output = Sent;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Sent> {
        const NAMED: usize = 8;
        let text = self.checked_text()?;
        cx.refuse_nameless()?;
        let replied = self.reply_to.map(|id| tx.message(id)).transpose()?;
        let task = self.about(tx, replied.as_ref())?;
        let readers = self.readers(tx, cx, task.as_ref(), replied.as_ref())?;
        let (to, kept_for) = match readers {
            Readers::Workers(workers) => (Vec::from_iter(workers), None),
            Readers::NextHolder => (Vec::new(), task.as_ref().map(|task| task.id.clone())),
        };
        words::check_number("workers", to.len(), cx.config.limits.ids)?;
        let addresses: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        let address = match addresses.is_empty() {
            true => to.first().map(ToString::to_string),
            false => Some(addresses.join(", ")),
        };
        let sender = cx.worker.as_ref().map_or_else(WorkerId::person, |worker| worker.id.clone());
        let new = NewMessage {
            sender: Some(&sender),
            kind: self.kind.unwrap_or_else(|| usual(replied.as_ref())),
            address: address.as_deref(),
            text,
            task: task.as_ref().map(|task| &task.id),
            reply_to: replied.as_ref(),
        };
        let id = telling::put(tx, cx, &new, &to, &cx.because(Self::NAME))?;
        if let Some(task) = &kept_for {
            tx.keep_message(id, task)?;
        }
        let mut absent = 0;
        for worker in &to {
            absent += usize::from(tx.worker(worker)?.left.is_some());
        }
        let to_total = Some(to.len()).filter(|total| *total > NAMED);
        Ok(Sent { id, to: to.into_iter().take(NAMED).collect(), to_total, kept_for, absent })
    }
}

impl Send {
    fn checked_text(&self) -> Result<&str> {
        const LONGEST: usize = 1_000;
        let text = self.text.trim();
        let is_unprintable = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some(character) = text.chars().find(is_unprintable) {
            let code = u32::from(character);
            return Err(Error::input(
                format!("a message has no control characters, this one has U+{code:04X}"),
                "leave it out, or `attach` the output to a task and name that",
            ));
        }
        let length = text.chars().count();
        if (1..=LONGEST).contains(&length) {
            return Ok(text);
        }
        Err(Error::input(
            format!("a message has 1 to {LONGEST} characters, this one has {length}"),
            "`attach` the long text to a task and name that",
        ))
    }

    /// Returns the task of the message: the named one, or that of the message it answers.
    fn about(&self, tx: &Tx, replied: Option<&Message>) -> Result<Option<Task>> {
        let id = match &self.task {
            Some(task) => Some(tx.resolve(task)?),
            None => replied.and_then(|message| message.task.clone()),
        };
        let task = id.map(|id| tx.task(&id)).transpose()?;
        match task {
            Some(task) if task.deleted_at.is_some() && self.task.is_some() => {
                Err(Refusal::Deleted { task: task.id }.into())
            }
            task => Ok(task),
        }
    }

    fn readers(
        &self,
        tx: &Tx,
        cx: &Context,
        task: Option<&Task>,
        replied: Option<&Message>,
    ) -> Result<Readers> {
        if !self.to.is_empty() {
            return named(tx, cx, &self.to).map(Readers::Workers);
        }
        if let Some(message) = replied {
            // A person reads the answer in the thread.
            let workers = message.sender.iter().filter(|sender| !sender.is_person());
            return Ok(Readers::Workers(workers.cloned().collect()));
        }
        let Some(task) = task else {
            return Err(Error::input("`send` needs `to`, `task` or `reply_to`", ""));
        };
        let own = cx.worker.as_ref().map(|worker| &worker.id);
        match &task.holder {
            Some(holder) if Some(holder) == own => {
                Err(Error::input(format!("you hold `{}` yourself", task.id), "name others with `to`"))
            }
            Some(holder) => Ok(Readers::Workers(BTreeSet::from([holder.clone()]))),
            None if cx.workflow_of(task)?.state(&task.status).terminal => {
                let (task, status) = (task.id.clone(), task.status.clone());
                Err(Error::input(
                    format!("nobody holds `{task}`, which has ended ({status})"),
                    "name a worker with `to`",
                ))
            }
            None => Ok(Readers::NextHolder),
        }
    }
}

/// Returns the kind of a message without a given kind.
fn usual(replied: Option<&Message>) -> MessageKind {
    match replied.map(|message| message.kind) {
        Some(MessageKind::Question) => MessageKind::Answer,
        _ => MessageKind::Note,
    }
}

/// Returns the named workers, and the other present workers that a role, a tag or `all` addresses.
fn named(tx: &Tx, cx: &Context, to: &[Address]) -> Result<BTreeSet<WorkerId>> {
    let own = cx.worker.as_ref().map(|worker| &worker.id);
    let mut here: Option<Vec<Worker>> = None;
    let mut found = BTreeSet::new();
    for address in to {
        if let Address::Worker(worker) = address {
            found.insert(known(tx, worker)?);
            continue;
        }
        let here = match &here {
            Some(here) => here,
            None => here.insert(tx.workers_present()?),
        };
        let others = here.iter().filter(|worker| Some(&worker.id) != own);
        let meant: Vec<&Worker> = others.filter(|worker| is_meant(cx, address, worker)).collect();
        if meant.is_empty() {
            return Err(nobody(cx, address));
        }
        found.extend(meant.into_iter().map(|worker| worker.id.clone()));
    }
    Ok(found)
}

/// Returns the name of a registered worker, present or not.
fn known(tx: &Tx, id: &WorkerId) -> Result<WorkerId> {
    const NAMED: usize = 5;
    if let Some(worker) = tx.worker_if_known(id)? {
        return Ok(worker.id);
    }
    let here: Vec<String> = tx.workers_present()?.into_iter().map(|worker| worker.id.into()).collect();
    let names: Vec<&str> = here.iter().map(String::as_str).collect();
    let near = match nearest(id.as_str(), &names) {
        Some(near) => vec![near.to_owned()],
        None => here.into_iter().take(NAMED).collect(),
    };
    Err(Error::NotFound { what: "worker", name: id.to_string(), near })
}

fn is_meant(cx: &Context, address: &Address, worker: &Worker) -> bool {
    match address {
        Address::Worker(id) => worker.id == *id,
        Address::Role(name) => role(cx, worker).is_some_and(|(role, _)| role == *name),
        Address::Tag(tag) => worker.tags.contains(tag),
        Address::All => true,
    }
}

fn nobody(cx: &Context, address: &Address) -> Error {
    if let Address::Role(name) = address {
        let workflows = cx.config.workflows.by_name.values();
        let roles: BTreeSet<&String> = workflows.flat_map(|workflow| workflow.roles.keys()).collect();
        if !roles.contains(name) {
            return Error::NotFound {
                what: "role",
                name: name.clone(),
                near: roles.into_iter().cloned().collect(),
            };
        }
    }
    Error::input(
        format!("`{address}` means none of the others who are here"),
        "`list_agents` shows who is here; or send it about a `task`, for whoever claims that",
    )
}
