//! A new attachment: checked and staged before the transaction, recorded in it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::all;
use super::proof::{self, Proof};
use crate::Context;
use crate::domain::{
    AttachmentType, Digest, Mime, Mode, Policy, Task, WorkerId, listed, nearest, shows_something,
};
use crate::error::{Error, Result};
use crate::ops::Staging;
use crate::ops::task::words;
use crate::store::{AttachmentFilter, Event, Matter, NewAttachment, Tx};

/// A new attachment, as a caller gives it.
pub struct Piece<'a> {
    pub kind: &'a AttachmentType,
    pub content: Option<&'a str>,
    pub name: Option<&'a str>,
    pub mime: Option<&'a str>,
    pub mode: Option<Mode>,
    pub file: Option<&'a str>,
    pub store_as_file: bool,
    /// The result of [`Piece::prepare`].
    pub staged: &'a OnceCell<Staged>,
}

/// A prepared attachment, with its bytes where they belong.
#[derive(Debug)]
pub struct Staged {
    mime: Mime,
    mode: Mode,
    place: Place,
    proof: Proof,
}

#[derive(Debug)]
enum Place {
    /// In the store.
    Row,
    /// In the media folder.
    Media(Digest, i64),
    /// A file of the project, which is referred to and not copied.
    Project(String),
}

/// The target of an attachment.
#[derive(Clone, Copy)]
pub struct To<'a> {
    pub task: &'a Task,
    /// The attempt of its author.
    pub attempt: i64,
    /// The attempt for which it counts as evidence, if any.
    pub counts_for: Option<i64>,
    /// The operation that attaches it.
    pub cause: &'static str,
}

impl<'a> To<'a> {
    /// Targets a task at the caller's request. The attachment counts for the newest attempt, unless the
    /// task has ended without a failure or the caller lost it to another worker.
    pub fn of(tx: &Tx, cx: &Context, task: &'a Task, cause: &'static str) -> Result<Self> {
        let attempt = attempt_of(tx, cx, task)?;
        let workflow = cx.workflow_of(task)?;
        let is_over = workflow.state(&task.status).terminal && !workflow.is_failure(&task.status);
        let caller = cx.worker.as_ref().map(|worker| &worker.id);
        let lost_it = attempt > 0 && task.claimed_at.is_some() && task.holder.as_ref() != caller;
        let counts_for = (!is_over && !lost_it).then_some(task.attempt);
        Ok(Self { task, attempt, counts_for, cause })
    }
}

/// An attachment that was added.
pub struct Made {
    pub sequence: i64,
    /// Its type and number.
    pub label: String,
    pub bytes: Option<i64>,
    pub file: Option<String>,
}

impl Piece<'_> {
    /// Checks the attachment, and brings its bytes to where they belong.
    pub fn prepare(&self, staging: &Staging) -> Result<()> {
        self.check(staging)?;
        let rule = staging.config().attachments.rule(self.kind);
        let mime = self.mime.map(|mime| mime.parse().map_err(|bad: String| Error::input(bad, "")));
        let mime = mime.transpose()?.unwrap_or(rule.mime);
        let (place, proof) = match (self.content, self.file) {
            (None, Some(file)) => {
                let (path, name) = path_of(staging, file)?;
                let proof = Proof::of_file(self, staging, &path, &name)?;
                (Place::Project(name), proof)
            }
            (Some(content), None) if mime.is_text() && !self.store_as_file => {
                words::check_size(staging.config(), "attachment", content.len())?;
                (Place::Row, Proof::of_bytes(self, staging, content.as_bytes())?)
            }
            (Some(content), None) => {
                let bytes = bytes_of(content, &mime)?;
                words::check_size(staging.config(), "attachment", bytes.len())?;
                let proof = Proof::of_bytes(self, staging, &bytes)?;
                (Place::Media(staging.put(&bytes)?, bytes.len() as i64), proof)
            }
            _ => {
                return Err(Error::input(
                    "an attachment has either a `content` or a `file`",
                    "give the text, or the path of a file in the project",
                ));
            }
        };
        // It is prepared only once, so the cell is empty.
        let _ = self.staged.set(Staged { mime, mode: self.mode.unwrap_or(rule.mode), place, proof });
        Ok(())
    }

    fn check(&self, staging: &Staging) -> Result<()> {
        if self.content.is_some_and(|content| !shows_something(content)) {
            return Err(Error::input(
                "an attachment's `content` needs a visible character",
                "say what there is to keep",
            ));
        }
        if let Some(name) = self.name {
            words::check_number("characters of an attachment's name", name.chars().count(), 255)?;
        }
        let types = &staging.config().attachments;
        if types.unknown == Policy::Reject && !types.by_name.contains_key(self.kind) {
            let message = format!("the project does not know attachments of type `{}`", self.kind);
            return Err(Error::input(message, format!("it knows {}", listed(types.by_name.keys()))));
        }
        Ok(())
    }

    /// Returns true if each task gets a copy of its own.
    pub fn is_copied(&self) -> bool {
        self.staged.get().is_some_and(|staged| matches!(staged.place, Place::Row))
    }

    /// Warns the caller if the project does not know this type of attachment.
    pub fn warn(&self, cx: &Context) {
        let types = &cx.config.attachments;
        if types.unknown != Policy::Warn || types.by_name.contains_key(self.kind) {
            return;
        }
        let names: Vec<&str> = types.by_name.keys().map(AttachmentType::as_str).collect();
        let near = nearest(self.kind.as_str(), &names).map(|name| format!("; did you mean `{name}`?"));
        let near = near.unwrap_or_default();
        cx.notify(format!("the project does not know attachments of type `{}`{near}", self.kind));
    }

    /// Attaches it, and removes the attachments that it replaces.
    pub fn attach(&self, tx: &Tx, cx: &Context, to: &To<'_>) -> Result<Made> {
        self.put(tx, cx, to, self.staged()?.mode)
    }

    /// Attaches it beside the others, unless the same attempt has attached the same.
    pub fn keep(&self, tx: &Tx, cx: &Context, to: &To<'_>) -> Result<Made> {
        match tx.same_attached(&self.new_row(self.staged()?, cx, to))? {
            Some(sequence) => Ok(self.made(sequence, None, None)),
            None => self.put(tx, cx, to, Mode::Append),
        }
    }

    fn put(&self, tx: &Tx, cx: &Context, to: &To<'_>, mode: Mode) -> Result<Made> {
        let To { task, attempt, cause, .. } = *to;
        let old = match mode {
            Mode::Append => Vec::new(),
            Mode::Replace => {
                let kind = Some(self.kind.to_string());
                all(tx, &task.id, &AttachmentFilter { kind, ..AttachmentFilter::default() })?
            }
        };
        proof::refuse_to_take(cx, task, &old)?;
        let made = self.insert(tx, cx, to)?;
        // The old ones are removed last, so that no number is used twice.
        proof::take_away(tx, task, &old)?;
        let person = WorkerId::person();
        let because = match old.is_empty() {
            true => cx.because(cause),
            false => proof::because(cx, cause, &person),
        };
        tx.record(&Event {
            task: Some(&task.id),
            attempt: Some(attempt),
            before: (!old.is_empty()).then(|| proof::told(&old)),
            after: Some(self.told(&made, to)?),
            ..Event::of("attached", &because)
        })?;
        Ok(made)
    }

    /// Returns the feed entry for an attachment. For evidence it includes the digest and the attempt it counts for.
    fn told(&self, made: &Made, to: &To<'_>) -> Result<Value> {
        let told = json!({ "attachment": made.label });
        Ok(match &self.staged()?.proof.sha256 {
            Some(sha256) => json!({
                "attachment": made.label, "sha256": sha256.as_str(), "counts_for": to.counts_for,
            }),
            None => told,
        })
    }

    fn insert(&self, tx: &Tx, cx: &Context, to: &To<'_>) -> Result<Made> {
        let staged = self.staged()?;
        if let Place::Media(digest, _) = &staged.place
            && !cx.media.has(digest)
        {
            // Another process may have removed the file since, because nothing referred to it yet.
            cx.media.put(&bytes_of(self.content.unwrap_or_default(), &staged.mime)?)?;
        }
        let (bytes, file) = match &staged.place {
            Place::Row => (self.content.map(|text| text.len() as i64), None),
            Place::Project(path) => (None, Some(path.clone())),
            Place::Media(_, bytes) => (Some(*bytes), None),
        };
        let sequence = tx.attach(&self.new_row(staged, cx, to), cx.now)?;
        Ok(self.made(sequence, bytes, file))
    }

    fn made(&self, sequence: i64, bytes: Option<i64>, file: Option<String>) -> Made {
        Made { sequence, label: format!("{}#{sequence}", self.kind), bytes, file }
    }

    fn new_row<'n>(&'n self, staged: &'n Staged, cx: &'n Context, to: &To<'n>) -> NewAttachment<'n> {
        let matter = match &staged.place {
            Place::Row => Matter::Text(self.content.unwrap_or_default()),
            Place::Project(path) => Matter::File(path),
            Place::Media(digest, bytes) => Matter::Media(digest, *bytes),
        };
        NewAttachment {
            task: &to.task.id,
            kind: self.kind,
            name: self.name.unwrap_or_default(),
            mime: &staged.mime,
            matter,
            attempt: to.attempt,
            counts_for: to.counts_for.filter(|_| !staged.proof.is_blank),
            sha256: staged.proof.sha256.as_ref(),
            worker: cx.worker.as_ref().map(|worker| &worker.id),
        }
    }

    fn staged(&self) -> Result<&Staged> {
        self.staged.get().ok_or_else(|| Error::internal("an attachment was not prepared"))
    }
}

/// Returns the caller's newest attempt at a task; 0 if there is none.
pub fn attempt_of(tx: &Tx, cx: &Context, task: &Task) -> Result<i64> {
    match &cx.worker {
        None => Ok(0),
        Some(worker) if task.holder.as_ref() == Some(&worker.id) => Ok(task.attempt),
        Some(worker) => Ok(tx.last_attempt_of(&worker.id, &task.id)?.unwrap_or(0)),
    }
}

fn path_of(staging: &Staging, file: &str) -> Result<(PathBuf, String)> {
    const LONGEST: usize = 1_000;
    words::check_number("bytes of a path", file.len(), LONGEST)?;
    let hint = "name a file that exists, relative to the project's root; other texts go into `content`";
    staging.places().file(file).map_err(|what| Error::input(what, hint))
}

fn bytes_of<'t>(content: &'t str, mime: &Mime) -> Result<Cow<'t, [u8]>> {
    if mime.is_text() {
        return Ok(content.as_bytes().into());
    }
    let digits: String = content.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(digits).map_err(|error| {
        let error = error.to_string();
        let error = error.trim_end_matches('.');
        Error::input(
            format!("a `content` of type `{mime}` is base64, which this is not: {error}"),
            "encode the bytes, or give the `mime` of a text",
        )
    })?;
    Ok(bytes.into())
}
