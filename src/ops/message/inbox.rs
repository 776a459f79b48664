use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Message, MessageKind, PROGRAM, Shown, TaskId, TaskRef, Timestamp, Worker, WorkerId};
use crate::error::Result;
use crate::ops::task::is_default;
use crate::ops::{Actor, Operation};
use crate::store::{Post, Slice, Tx};
use crate::{Context, Effect};

/// Read your messages in full.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// Old ones too.
    #[serde(default)]
    all: bool,
    #[schemars(extend("x-rare" = true))]
    thread: Option<i64>,
    #[schemars(extend("x-rare" = true))]
    task: Option<TaskRef>,
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
pub struct Read {
    messages: Vec<Item>,
    total: usize,
    /// How many unread messages come after these.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    /// They stay unread, since the worker is connected through another process.
    #[serde(skip_serializing_if = "is_default")]
    peek: bool,
}

#[derive(Serialize)]
struct Item {
    id: i64,
    at: Timestamp,
    kind: MessageKind,
    /// A worker or the program; left out for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<i64>,
    text: String,
}

impl Operation for Inbox {
    const NAME: &'static str = "inbox";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;

    type Output = Read;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Read> {
        const LIMIT: usize = 10;
        let limit = self.limit.unwrap_or(LIMIT).clamp(1, 100);
        let reader = cx.worker.as_ref().map(|worker| &worker.id);
        let task = self.task.as_ref().map(|task| tx.resolve(task)).transpose()?;
        let thread = self.thread.map(|id| tx.message(id)).transpose()?.map(|message| message.thread);
        let post = match (thread, &task, reader) {
            (Some(thread), _, _) => Post::Thread(thread),
            (None, Some(task), _) => Post::About(task),
            (None, None, Some(reader)) if self.all => Post::Got(reader),
            (None, None, Some(reader)) => Post::Unread(reader),
            (None, None, None) => Post::Everything,
        };
        let mut total = tx.count_messages(&post)?;
        let mut found = match &post {
            Post::Unread(reader) => {
                // A message in an answer that is still being delivered counts as read.
                let underway = cx.mailbag.in_full(reader);
                let mut found =
                    tx.messages(&post, Slice { offset: self.offset, limit: limit + underway.len() })?;
                found.retain(|message| !underway.contains(&message.id));
                total = total.saturating_sub(underway.len());
                found
            }
            _ => tx.messages(&post, Slice { offset: self.offset, limit })?,
        };
        found.truncate(fitting(&found).min(limit));
        if let Some(reader) = reader {
            cx.shows(unread(tx, reader, &found)?);
        }
        let seen = self.offset + found.len();
        let left = Some(total.saturating_sub(seen)).filter(|left| *left > 0);
        // The messages read now are not in the next list of unread ones, so it needs no offset.
        let (more, next_offset) = match post {
            Post::Unread(_) => (left, None),
            _ => (None, left.map(|_| seen)),
        };
        let own = matches!(post, Post::Unread(_));
        let is_elsewhere = |worker: &Worker| !cx.caller.reaches(&worker.id, worker.process.as_ref());
        let peek = own && cx.worker.as_ref().is_some_and(is_elsewhere);
        Ok(Read {
            messages: found.into_iter().map(|found| item(found, own)).collect(),
            total,
            more,
            next_offset,
            peek,
        })
    }
}

/// Returns how many of the messages fit an answer; at least one.
fn fitting(found: &[Message]) -> usize {
    const ROOM: usize = 3_000;
    const FRAME: usize = 120;
    let mut size = 0;
    let fits = |message: &&Message| {
        size += message.text.len() + FRAME;
        size <= ROOM
    };
    found.iter().take_while(fits).count().max(1)
}

fn unread(tx: &Tx, reader: &WorkerId, found: &[Message]) -> Result<Vec<Shown>> {
    let mut unread = Vec::new();
    for message in found {
        if tx.is_unread(reader, message.id)? {
            unread.push(Shown { message: message.id, whole: true });
        }
    }
    Ok(unread)
}

fn item(message: Message, own: bool) -> Item {
    let Message { id, sent_at, sender, kind, address, text, task, reply_to, thread: _ } = message;
    let to = address.filter(|_| !own);
    let from = match sender {
        None => Some(PROGRAM.to_owned()),
        Some(sender) => (!sender.is_person()).then(|| sender.into()),
    };
    Item { id, at: sent_at, kind, from, to, task, reply_to, text }
}
