//! What a worker attaches when it updates a task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::words;
use crate::Context;
use crate::domain::{Task, Text};
use crate::error::{Error, Result};
use crate::store::{Event, NewAttachment, Tx};

/// Something to attach.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `note`, `result`, `commit`, …
    #[serde(rename = "type")]
    kind: String,
    content: Text,
    name: Option<String>,
    mime: Option<String>,
    /// Default append.
    mode: Option<Mode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Mode {
    Append,
    Replace,
}

impl Evidence {
    /// Attaches it to the task as it asks to be, made in `attempt`; returns its type and number.
    pub fn attach(&self, tx: &Tx, cx: &Context, task: &Task, attempt: i64) -> Result<String> {
        if self.mode == Some(Mode::Replace) {
            tx.detach(&task.id, &self.kind)?;
        }
        self.append(tx, cx, task, attempt)
    }

    /// Attaches it to the task after what is there.
    pub fn append(&self, tx: &Tx, cx: &Context, task: &Task, attempt: i64) -> Result<String> {
        self.check(cx)?;
        let new = NewAttachment {
            task: &task.id,
            kind: &self.kind,
            name: self.name.as_deref().unwrap_or_default(),
            mime: self.mime.as_deref().unwrap_or("text/plain"),
            content: &self.content.0,
            attempt,
            worker: cx.worker.as_ref().map(|worker| &worker.id),
        };
        let number = tx.attach(&new, cx.now)?;
        let label = format!("{}#{number}", self.kind);
        tx.record(&Event {
            task: Some(&task.id),
            attempt: Some(attempt),
            after: Some(json!({ "attachment": label })),
            ..Event::of("attached", &cx.because("update"))
        })?;
        Ok(label)
    }

    fn check(&self, cx: &Context) -> Result<()> {
        let is_word = |text: &str, longest: usize| {
            (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
        };
        if !is_word(&self.kind, 64) {
            return Err(Error::input("an attachment's `type` is a word of at most 64 characters", ""));
        }
        if self.mime.as_deref().is_some_and(|mime| !is_word(mime, 127) || !mime.contains('/')) {
            return Err(Error::input("a `mime` looks like `text/plain`", ""));
        }
        if let Some(name) = &self.name {
            words::check_number("characters of an attachment's name", name.chars().count(), 255)?;
        }
        words::check_text(cx, "attachment", &self.content.0)
    }
}
