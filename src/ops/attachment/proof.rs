//! Attachments as evidence. Evidence is never empty, its digest is in the feed, and it stays when the task is done.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Piece;
use crate::Context;
use crate::domain::{Digest, Refusal, Task, WorkerId, shows_something};
use crate::error::{Error, Result};
use crate::ops::Staging;
use crate::store::{AttachmentRow, Because, Tx, digest};

/// Facts about an attachment as evidence.
#[derive(Debug, Default)]
pub struct Proof {
    /// It is empty, so that it never counts.
    pub is_blank: bool,
    /// The digest of the content, if a gate asks for attachments of its type.
    pub sha256: Option<Digest>,
}

impl Proof {
    /// Checks bytes that the store keeps.
    pub fn of_bytes(piece: &Piece<'_>, staging: &Staging, bytes: &[u8]) -> Result<Self> {
        if !is_evidence(piece, staging) {
            return Ok(Self::default());
        }
        if is_blank(bytes) {
            return Err(blank("the `content`"));
        }
        Ok(Self { is_blank: false, sha256: Some(digest(bytes)?) })
    }

    /// Checks a file of the project, which is only referred to.
    pub fn of_file(piece: &Piece<'_>, staging: &Staging, path: &Path, name: &str) -> Result<Self> {
        let is_empty = std::fs::metadata(path)?.len() == 0;
        if !is_evidence(piece, staging) {
            return Ok(Self { is_blank: is_empty, sha256: None });
        }
        let bytes = if is_empty { None } else { staging.read_file(path)? };
        if is_empty || bytes.as_deref().is_some_and(is_blank) {
            return Err(blank(&format!("`{name}`")));
        }
        Ok(Self { is_blank: false, sha256: bytes.as_deref().map(digest).transpose()? })
    }
}

fn is_evidence(piece: &Piece<'_>, staging: &Staging) -> bool {
    staging.config().workflows.ask_for(piece.kind.as_str())
}

fn is_blank(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !shows_something(text))
}

fn blank(what: &str) -> Error {
    Error::input(format!("{what} is empty, which is no evidence"), "attach what shows how it came out")
}

/// Refuses to remove evidence of a task that is done, unless a person asks.
pub fn refuse_to_take(cx: &Context, task: &Task, rows: &[AttachmentRow]) -> Result<()> {
    if cx.is_person() || !cx.workflow_of(task)?.is_done(&task.status) {
        return Ok(());
    }
    let known = &cx.config.workflows;
    let proves = |row: &&AttachmentRow| {
        row.counts_for == Some(task.attempt) && (row.sha256.is_some() || known.ask_for(&row.kind))
    };
    match rows.iter().find(proves) {
        Some(row) => Err(Refusal::EvidenceStays { task: task.id.clone(), label: row.label() }.into()),
        None => Ok(()),
    }
}

/// Returns the cause of a change to evidence, by the caller or by a person.
pub fn because<'a>(cx: &'a Context, cause: &'static str, person: &'a WorkerId) -> Because<'a> {
    match cx.is_person() {
        true => Because::asked(Some(person), cause, cx.now),
        false => cx.because(cause),
    }
}

/// Removes attachments of a task.
pub fn take_away(tx: &Tx, task: &Task, rows: &[AttachmentRow]) -> Result<()> {
    rows.iter().try_for_each(|row| tx.detach(&task.id, &row.kind, row.sequence))
}

/// Returns the feed entry for removed attachments: of many, the first and their number; of evidence, the digests.
pub fn told(rows: &[AttachmentRow]) -> Value {
    const NAMED: usize = 50;
    let shown = &rows[..rows.len().min(NAMED)];
    let labels: Vec<String> = shown.iter().map(AttachmentRow::label).collect();
    let mut told = json!({ "attachments": labels });
    if rows.len() > NAMED {
        told["total"] = rows.len().into();
    }
    let digest = |row: &AttachmentRow| Some((row.label(), row.sha256.as_ref()?.as_str().into()));
    let digests: Map<String, Value> = shown.iter().filter_map(digest).collect();
    if !digests.is_empty() {
        told["sha256"] = digests.into();
    }
    told
}
