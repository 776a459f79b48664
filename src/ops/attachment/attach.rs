use std::cell::OnceCell;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Piece, Staged, To};
use crate::domain::{AttachmentType, Mode, Refusal, Task, TaskId, TaskRef, Text};
use crate::error::{Error, Result};
use crate::ops::task::words;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Attach a text, bytes or a file to tasks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    task: Vec<TaskRef>,
    #[serde(rename = "type")]
    kind: AttachmentType,
    /// Base64 if `mime` is binary.
    content: Option<Text>,
    /// Or a file of the project.
    file: Option<String>,
    name: Option<String>,
    mime: Option<String>,
    #[schemars(extend("x-rare" = true))]
    mode: Option<Mode>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    store_as_file: bool,
    #[serde(skip)]
    staged: OnceCell<Staged>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Attached {
    One(Row),
    Many { attachments: Vec<Row>, total: usize },
}

#[derive(Serialize)]
pub struct Row {
    task: TaskId,
    #[serde(rename = "type")]
    kind: AttachmentType,
    sequence: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl Operation for Attach {
    const NAME: &'static str = "attach";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task", "type", "content"];

    type Output = Attached;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        words::check_number("tasks", self.task.len(), staging.config().limits.ids)?;
        self.piece().prepare(staging)
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Attached> {
        const SHOWN: usize = 20;
        let tasks = self.task.iter().map(|task| tx.resolve(task)).collect::<Result<BTreeSet<_>>>()?;
        self.check(cx, tasks.len())?;
        self.piece().warn(cx);
        let mut rows = Vec::new();
        for task in &tasks {
            rows.push(self.attach(tx, cx, &tx.task(task)?)?);
        }
        if self.task.len() == 1
            && let Some(row) = rows.pop()
        {
            return Ok(Attached::One(row));
        }
        rows.truncate(SHOWN);
        Ok(Attached::Many { attachments: rows, total: tasks.len() })
    }
}

impl Attach {
    fn piece(&self) -> Piece<'_> {
        Piece {
            kind: &self.kind,
            content: self.content.as_ref().map(|text| text.0.as_str()),
            name: self.name.as_deref(),
            mime: self.mime.as_deref(),
            mode: self.mode,
            file: self.file.as_deref(),
            store_as_file: self.store_as_file,
            staged: &self.staged,
        }
    }

    /// Refuses a call without tasks, and copies whose total size is over the project's limit.
    fn check(&self, cx: &Context, tasks: usize) -> Result<()> {
        if tasks == 0 {
            return Err(Error::input("`task` names no task", "give an id, or several"));
        }
        let copies = if self.piece().is_copied() { tasks } else { 0 };
        let most = words::most_copied(cx.config);
        let bytes = copies * self.content.as_ref().map_or(0, |text| text.0.len());
        if bytes <= most {
            return Ok(());
        }
        let message = format!("{copies} copies of this `content` have {bytes} bytes, the limit is {most}");
        Err(Error::input(message, "keep it once, with `store_as_file`"))
    }

    fn attach(&self, tx: &Tx, cx: &Context, task: &Task) -> Result<Row> {
        if task.deleted_at.is_some() {
            return Err(Refusal::Deleted { task: task.id.clone() }.into());
        }
        let to = To::of(tx, cx, task, "attach")?;
        let made = self.piece().attach(tx, cx, &to)?;
        Ok(Row {
            task: task.id.clone(),
            kind: self.kind.clone(),
            sequence: made.sequence,
            bytes: made.bytes,
            file: made.file,
        })
    }
}
