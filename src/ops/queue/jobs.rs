//! Operations on one task, under TaskDriver's names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::types::INSTRUCTIONS;
use super::{RETRIES, millis, request, through};
use crate::domain::{
    ErrorClass, Kept, Length, ProjectName, Reason, Refusal, TaskId, TaskRef, TemplateName, Text, Timestamp,
    WorkerId,
};
use crate::error::{Error, Result};
use crate::ops::job::setting;
use crate::ops::task::{Claim, Create, Update, shortened};
use crate::ops::template::Instantiate;
use crate::ops::track::Thinking;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Add a task to a project's queue, of a type or with its own instructions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddTask {
    pub project: ProjectName,
    pub task_type: Option<TemplateName>,
    pub instructions: Option<Text>,
    #[serde(default)]
    pub variables: Map<String, Value>,
}

impl Operation for AddTask {
    const NAME: &'static str = "add_task";
    const EFFECT: Effect = Instantiate::EFFECT;
    const ACTOR: Actor = Instantiate::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["project", "task_type", "instructions"];

    type Output = Value;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Value> {
        match &self.task_type {
            Some(name) => self.of_type(tx, cx, name),
            None => self.plain(tx, cx),
        }
    }
}

impl AddTask {
    fn of_type(&self, tx: &Tx, cx: &Context, name: &TemplateName) -> Result<Value> {
        let project = tx.project_named(&self.project)?;
        let template = tx.template_for(Some(project.key), name)?;
        let mut vars = self.variables.clone();
        if let Some(text) = self.instructions.as_ref().filter(|text| !text.0.is_empty()) {
            match template.recipe.vars.keys().any(|name| name.as_str() == INSTRUCTIONS) {
                true => drop(vars.insert(INSTRUCTIONS.to_owned(), text.0.clone().into())),
                false => cx
                    .notify(format!("`instructions` were left out: those of type `{name}` are its template")),
            }
        }
        let asked = json!({ "template": name, "project": self.project, "vars": vars });
        Ok(serde_json::to_value(through::<Instantiate>(tx, cx, asked)?)?)
    }

    fn plain(&self, tx: &Tx, cx: &Context) -> Result<Value> {
        const TITLE: usize = 80;
        let Some(text) = self.instructions.as_ref().filter(|text| !text.0.trim().is_empty()) else {
            return Err(Error::input("a task without a type needs `instructions`", ""));
        };
        if !self.variables.is_empty() {
            return Err(Error::input("`variables` are for the template of a type", "give `task_type` too"));
        }
        let project = tx.project_named(&self.project)?;
        let said = project.defaults.job.as_ref().and_then(|job| job.max_retries).is_some();
        let job = (!said).then(|| json!({ "max_retries": RETRIES }));
        let title = shortened(text.0.trim().lines().next().unwrap_or_default(), TITLE);
        let asked = json!({
            "parent": tx.project_task(project.key)?, "title": title, "description": text.0, "job": job,
        });
        Ok(serde_json::to_value(through::<Create>(tx, cx, asked)?)?)
    }
}

/// Get the task you hold, else claim the next in the queue; new agents are registered.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTask {
    project: ProjectName,
    task_type: Option<TemplateName>,
}

impl RequestTask {
    fn asked(&self) -> Result<Claim> {
        request(json!({ "project": self.project, "template": self.task_type }))
    }
}

impl Operation for RequestTask {
    const NAME: &'static str = "request_task";
    const EFFECT: Effect = Claim::EFFECT;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["project", "worker_id"];
    const SWEEPS: bool = Claim::SWEEPS;
    const FORESEES: bool = Claim::FORESEES;
    const MEETS: bool = true;

    type Output = <Claim as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        self.asked()?.run(tx, cx)
    }

    fn foresee(&self, tx: &Tx, cx: &Context) -> Result<Option<Self::Output>> {
        self.asked()?.foresee(tx, cx)
    }

    fn comes_to_nothing(&self, answer: &Value) -> bool {
        Claim::default().comes_to_nothing(answer)
    }
}

/// Mark a task that you hold as completed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTask {
    task: TaskRef,
    /// The work done.
    explanation: Option<Reason>,
    /// The result, for programs.
    output: Option<Value>,
    #[serde(skip)]
    asked: Option<Update>,
}

impl CompleteTask {
    fn asked(&self) -> Result<&Update> {
        self.asked.as_ref().ok_or_else(|| Error::internal("a call was not prepared"))
    }

    fn ask(&self) -> Result<Update> {
        let output = self.output.as_ref().map(|output| match output {
            Value::String(text) => json!([{ "type": "result", "content": text }]),
            output => {
                json!([{ "type": "result", "content": output.to_string(), "mime": "application/json" }])
            }
        });
        let (task, why) = (&self.task, &self.explanation);
        request(json!({ "task": task, "status": "completed", "reason": why, "attachments": output }))
    }
}

impl Operation for CompleteTask {
    const NAME: &'static str = "complete_task";
    const EFFECT: Effect = Update::EFFECT;
    const ACTOR: Actor = Update::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["task", "explanation"];
    const SWEEPS: bool = Update::SWEEPS;

    type Output = <Update as Operation>::Output;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        let asked = self.asked.insert(self.ask()?);
        asked.prepare(staging)
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        self.asked()?.run(tx, cx)
    }

    fn is_late(&self, tx: &Tx, worker: &WorkerId, refusal: &Refusal) -> Result<bool> {
        self.asked()?.is_late(tx, worker, refusal)
    }

    fn salvage(&self, refusal: &Refusal, tx: &Tx, cx: &Context) -> Result<Option<Kept>> {
        self.asked()?.salvage(refusal, tx, cx)
    }
}

/// Mark a task that you hold as failed; it is retried while retries are left.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailTask {
    task: TaskRef,
    /// Why.
    explanation: Option<Reason>,
    /// Default true.
    can_retry: Option<bool>,
    /// Same as `can_retry` false.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    no_retry: bool,
    #[schemars(extend("x-rare" = true))]
    error_class: Option<ErrorClass>,
}

impl FailTask {
    fn asked(&self) -> Result<Update> {
        let Self { task, explanation, can_retry, no_retry, error_class } = self;
        // True is not passed on: the remaining retries decide, so that the task always ends.
        let retry = (*no_retry || *can_retry == Some(false)).then_some(false);
        request(json!({
            "task": task, "status": "failed", "reason": explanation, "retry": retry, "error_class": error_class,
        }))
    }
}

impl Operation for FailTask {
    const NAME: &'static str = "fail_task";
    const EFFECT: Effect = Update::EFFECT;
    const ACTOR: Actor = Update::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["task", "explanation"];
    const SWEEPS: bool = Update::SWEEPS;

    type Output = <Update as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        self.asked()?.run(tx, cx)
    }

    fn is_late(&self, tx: &Tx, worker: &WorkerId, refusal: &Refusal) -> Result<bool> {
        self.asked()?.is_late(tx, worker, refusal)
    }

    fn salvage(&self, refusal: &Refusal, tx: &Tx, cx: &Context) -> Result<Option<Kept>> {
        self.asked()?.salvage(refusal, tx, cx)
    }
}

/// Extend the lease of a task.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendLease {
    task: TaskRef,
    additional_minutes: f64,
}

impl Operation for ExtendLease {
    const NAME: &'static str = "extend_lease";
    const EFFECT: Effect = Thinking::EFFECT;
    const ACTOR: Actor = Thinking::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["task", "additional_minutes"];

    type Output = Extended;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Extended> {
        let task = tx.resolve(&self.task)?;
        let more = millis(self.additional_minutes);
        if more <= 0 {
            return Err(Error::input("a lease is only ever extended", "give minutes above 0"));
        }
        let until = tx.job(&task)?.and_then(|job| job.lease_until);
        let left = until.map_or(0, |until| until.since(cx.now).max(0));
        let mut held = tx.held_by(&cx.actor()?.id)?;
        held.retain(|id| *id == task);
        let length = Length::try_from(left.saturating_add(more)).map_err(|wrong| Error::input(wrong, ""))?;
        let lease_until = setting::extend(tx, cx, &held, length)?;
        Ok(Extended { task, lease_until })
    }
}

#[derive(Serialize)]
pub struct Extended {
    task: TaskId,
    lease_until: Timestamp,
}
