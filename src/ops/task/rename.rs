use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{MessageKind, Refusal, TaskId, TaskRef};
use crate::error::Result;
use crate::ops::message::telling::{self, Notice};
use crate::ops::{Actor, Operation};
use crate::store::{Event, Tx};
use crate::{Context, Effect};

/// Change a task's id; all references follow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    task: TaskRef,
    new_id: TaskId,
}

#[derive(Serialize)]
pub struct Renamed {
    old_id: TaskId,
    new_id: TaskId,
}

impl Operation for Rename {
    const NAME: &'static str = "rename";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task", "new_id"];

    type Output = Renamed;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Renamed> {
        let task = tx.task_called(&self.task)?;
        let old_id = task.id;
        if tx.is_name_taken(&self.new_id, Some(&old_id))? {
            let name = self.new_id.as_str().to_owned();
            return Err(Refusal::Exists { what: "task", name }.into());
        }
        tx.rename_task(&old_id, &self.new_id, cx.now)?;
        tx.record(&Event {
            task: Some(&self.new_id),
            before: Some(json!({ "id": old_id })),
            after: Some(json!({ "id": self.new_id })),
            ..Event::of("renamed", &cx.because("rename"))
        })?;
        let caller = cx.worker.as_ref().map(|worker| &worker.id);
        if let Some(holder) = task.holder.as_ref().filter(|holder| Some(*holder) != caller) {
            let text = format!(
                "renamed: `{old_id}` is called `{}` now; you may go on under either name",
                self.new_id
            );
            let notice =
                Notice { to: holder, kind: MessageKind::Note, task: Some(&self.new_id), text: &text };
            telling::tell(tx, cx, &notice, &cx.by_rule("rename"))?;
        }
        Ok(Renamed { old_id, new_id: self.new_id.clone() })
    }
}
