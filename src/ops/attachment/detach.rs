use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{all, proof};
use crate::domain::{TaskId, TaskRef, WorkerId};
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation};
use crate::store::{AttachmentFilter, AttachmentRow, Event, Tx};
use crate::{Context, Effect};

/// Delete attachments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detach {
    task: TaskRef,
    #[serde(rename = "type")]
    kind: String,
    sequence: Option<i64>,
    // Accepted from callers of other tools. Here a stored file is always deleted with its last reference.
    #[serde(default, rename = "delete_files")]
    #[schemars(extend("x-rare" = true))]
    _delete_files: bool,
}

#[derive(Serialize)]
pub struct Detached {
    task: TaskId,
    detached: Vec<String>,
    deleted_count: usize,
}

impl Operation for Detach {
    const NAME: &'static str = "detach";
    const EFFECT: Effect = Effect::Destroy;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task", "type", "sequence"];

    type Output = Detached;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Detached> {
        const NAMED: usize = 20;
        cx.refuse_nameless()?;
        let found = tx.task_called(&self.task)?;
        let task = found.id.clone();
        let filter = AttachmentFilter {
            kind: Some(self.kind.clone()),
            sequence: self.sequence,
            ..AttachmentFilter::default()
        };
        let rows = all(tx, &task, &filter)?;
        if rows.is_empty() {
            return Err(nothing(&task, &self.kind, self.sequence));
        }
        proof::refuse_to_take(cx, &found, &rows)?;
        proof::take_away(tx, &found, &rows)?;
        let person = WorkerId::person();
        let because = proof::because(cx, "detach", &person);
        let before = Some(proof::told(&rows));
        tx.record(&Event { task: Some(&task), before, ..Event::of("detached", &because) })?;
        let mut detached: Vec<String> = rows.iter().map(AttachmentRow::label).collect();
        detached.truncate(NAMED);
        Ok(Detached { task, detached, deleted_count: rows.len() })
    }
}

fn nothing(task: &TaskId, kind: &str, sequence: Option<i64>) -> Error {
    let number = sequence.map_or_else(String::new, |number| format!("#{number}"));
    let kind: String = kind.chars().take(64).collect();
    Error::input(
        format!("nothing of type `{kind}{number}` is attached to task `{task}`"),
        "`attachments` shows what is",
    )
}
