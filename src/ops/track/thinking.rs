use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{Length, TaskId, TaskRef, Timestamp};
use crate::error::{Error, Result};
use crate::ops::job::setting;
use crate::ops::{Actor, Operation};
use crate::store::{Event, Tx};
use crate::{Context, Effect};

/// Report your progress to others; also a heartbeat.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thinking {
    thought: String,
    /// Default: all you hold.
    tasks: Option<Vec<TaskRef>>,
    /// Extend their leases to this long from now, `10m`.
    #[schemars(extend("x-rare" = true))]
    extend: Option<Length>,
}

#[derive(Serialize)]
pub struct Thought {
    tasks: usize,
    /// The end of the first of their leases.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_until: Option<Timestamp>,
}

impl Operation for Thinking {
    const NAME: &'static str = "thinking";
    const EFFECT: Effect = Effect::Note;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["thought"];

    type Output = Thought;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Thought> {
        const LONGEST: usize = 2_000;
        let length = self.thought.chars().count();
        if length > LONGEST {
            return Err(Error::input(
                format!("a thought has at most {LONGEST} characters, this one has {length}"),
                "attach longer texts with `update`",
            ));
        }
        let worker = &cx.actor()?.id;
        let named = |tasks: &[TaskRef]| tasks.iter().map(|task| tx.resolve(task)).collect::<Result<Vec<_>>>();
        let tasks: Option<Vec<TaskId>> = self.tasks.as_deref().map(named).transpose()?;
        let touched = tx.think(worker, &self.thought, tasks.as_deref())?;
        for task in &touched {
            let after = Some(json!({ "thought": self.thought }));
            tx.record(&Event { task: Some(task), after, ..Event::of("thought", &cx.because("thinking")) })?;
        }
        let lease_until = self.extend.map(|length| setting::extend(tx, cx, &touched, length)).transpose()?;
        if touched.is_empty() {
            cx.notify("you hold no task this could be shown on; `claim` one");
        }
        Ok(Thought { tasks: touched.len(), lease_until })
    }
}
