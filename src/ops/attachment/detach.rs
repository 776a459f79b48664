use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{all, take_away, told};
use crate::domain::{TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation};
use crate::store::{AttachmentFilter, Event, Tx};
use crate::{Context, Effect};

/// Take attachments away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detach {
    task: TaskRef,
    #[serde(rename = "type")]
    kind: String,
    sequence: Option<i64>,
    // What callers of other tools say; here a stored file always goes with the last that refers to it.
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
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["task", "type", "sequence"];

    type Output = Detached;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Detached> {
        const NAMED: usize = 20;
        let task = tx.resolve(&self.task)?;
        let filter = AttachmentFilter {
            kind: Some(self.kind.clone()),
            sequence: self.sequence,
            ..AttachmentFilter::default()
        };
        let rows = all(tx, &task, &filter)?;
        if rows.is_empty() {
            return Err(nothing(&task, &self.kind, self.sequence));
        }
        let mut detached = take_away(tx, &task, &rows)?;
        let before = Some(told(&detached));
        tx.record(&Event { task: Some(&task), before, ..Event::of("detached", &cx.because("detach")) })?;
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
