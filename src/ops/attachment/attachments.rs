use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Row, part};
use crate::domain::{Mime, TaskId, TaskRef, listed};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::{AttachmentFilter, AttachmentRow, Slice, Tx};
use crate::{Context, Effect};

/// List a task's attachments, or read one by `sequence` or `name`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachments {
    task: TaskRef,
    #[serde(rename = "type")]
    kind: Option<String>,
    sequence: Option<i64>,
    name: Option<String>,
    #[schemars(extend("x-rare" = true))]
    mime: Option<String>,
    #[serde(default)]
    offset: usize,
    /// Rows, or bytes.
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    List(List),
    One(Box<One>),
}

#[derive(Serialize)]
pub struct List {
    attachments: Vec<Row>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

#[derive(Serialize)]
pub struct One {
    #[serde(flatten)]
    row: Row,
    /// The path of its bytes, for callers that can read them there.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<String>,
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The offset of the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

impl Operation for Attachments {
    const NAME: &'static str = "attachments";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["task", "type", "sequence"];

    type Output = Shown;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Shown> {
        let task = tx.resolve(&self.task)?;
        if !tx.has_task(&task)? {
            return Err(Error::not_found("task", &self.task));
        }
        match self.sequence.is_some() || self.name.is_some() {
            true => Ok(Shown::One(Box::new(self.read(tx, cx, &task)?))),
            false => Ok(Shown::List(self.list(tx, cx, &task)?)),
        }
    }
}

impl Attachments {
    /// Returns the offset, bounded to the numbers that SQLite can count.
    fn offset(&self) -> usize {
        self.offset.min(u32::MAX as usize)
    }

    fn filter(&self) -> AttachmentFilter {
        AttachmentFilter {
            kind: self.kind.clone(),
            mime_prefix: self.mime.clone(),
            name: self.name.clone(),
            sequence: self.sequence,
        }
    }

    fn list(&self, tx: &Tx, cx: &Context, task: &TaskId) -> Result<List> {
        let limit = self.limit.unwrap_or(cx.config.page_size).clamp(1, 500);
        let slice = Slice { offset: self.offset(), limit };
        let (rows, total) = tx.attachments(task, &self.filter(), slice)?;
        let end = slice.offset + rows.len();
        Ok(List {
            next_offset: (!rows.is_empty() && end < total).then_some(end),
            attachments: rows.into_iter().map(Row::whole).collect(),
            total,
        })
    }

    fn read(&self, tx: &Tx, cx: &Context, task: &TaskId) -> Result<One> {
        let row = self.one(tx, task)?;
        let mut one = One {
            media: row.digest.as_ref().map(|digest| cx.media.place(digest).display().to_string()),
            row: Row::whole(row.clone()),
            offset: self.offset(),
            content: None,
            base64: None,
            next_offset: None,
        };
        one.row.name.clone_from(&row.name);
        one.row.file.clone_from(&row.file);
        if row.file.is_some() {
            cx.notify("this names a file of the project; read it there");
            return Ok(one);
        }
        self.read_into(&mut one, tx, cx, (task, &row))?;
        Ok(one)
    }

    /// Adds the content to the answer: as much as fits, or as much as the call asked for.
    fn read_into(
        &self,
        one: &mut One,
        tx: &Tx,
        cx: &Context,
        (task, row): (&TaskId, &AttachmentRow),
    ) -> Result<()> {
        /// The bytes that fit an answer beside its other fields.
        const FITS: usize = 3_000;
        const LONGEST: usize = 256 * 1_024;
        let limit = self.limit.unwrap_or(FITS).clamp(4, LONGEST);
        let is_text = row.mime.parse().is_ok_and(|mime: Mime| mime.is_text());
        // In base64, three bytes take four characters.
        let limit = if is_text || self.limit.is_some() { limit } else { limit / 4 * 3 };
        let slice = Slice { offset: self.offset(), limit };
        let bytes = match &row.digest {
            Some(digest) => cx.media.read(digest, slice.offset as u64, slice.limit)?,
            None => tx.attached_text(task, row, slice)?,
        };
        let mut end = slice.offset + bytes.len();
        if is_text {
            let most = if self.limit.is_some() { usize::MAX } else { FITS };
            let part = part::text(&bytes, slice.offset, most);
            (one.content, one.offset, end) = (Some(part.content), part.offset, part.end);
        } else {
            one.base64 = Some(STANDARD.encode(bytes));
        }
        one.next_offset = ((end as i64) < row.bytes).then_some(end);
        Ok(())
    }

    /// Returns the attachment that the arguments select, if it is the only one.
    fn one(&self, tx: &Tx, task: &TaskId) -> Result<AttachmentRow> {
        const NAMED: usize = 5;
        let slice = Slice { offset: 0, limit: NAMED };
        let (mut rows, total) = tx.attachments(task, &self.filter(), slice)?;
        let label = |row: &AttachmentRow| format!("{}#{}", row.kind, row.sequence);
        match (rows.pop(), total) {
            (Some(row), 1) => Ok(row),
            (Some(row), _) => {
                let labels: Vec<String> = rows.iter().chain([&row]).map(label).collect();
                let message = format!("{total} attachments of task `{task}` fit: {}", listed(labels));
                Err(Error::input(message, "give the `type` and the `sequence` of one"))
            }
            (None, _) => {
                let message = format!("no such thing is attached to task `{task}`");
                Err(Error::input(message, "`attachments` without `sequence` and `name` shows what is"))
            }
        }
    }
}
