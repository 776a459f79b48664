//! Messages: written once, delivered to each recipient.

use rusqlite::{OptionalExtension, Row, named_params};

use super::row::Columns;
use super::workers::process;
use super::{Slice, Tx};
use crate::domain::{Message, MessageKind, Process, Shown, TaskId, Timestamp, WorkerId};
use crate::error::{Error, Result};

/// A message to send.
#[derive(Clone, Copy, Debug)]
pub struct NewMessage<'a> {
    /// A worker or a person; none for the program itself.
    pub sender: Option<&'a WorkerId>,
    pub kind: MessageKind,
    /// The recipient as the sender named it.
    pub address: Option<&'a str>,
    pub text: &'a str,
    pub task: Option<&'a TaskId>,
    pub reply_to: Option<&'a Message>,
}

/// The state of a recipient that delivery needs.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// The number of messages that were not shown to it.
    pub untold: i64,
    /// The process through which it is connected; none if it makes single commands.
    pub process: Option<Process>,
}

/// Selects messages.
#[derive(Clone, Debug)]
pub enum Post<'a> {
    /// Messages that this worker has not read in full, urgent ones first.
    Unread(&'a WorkerId),
    /// Messages delivered to this worker, the newest first.
    Got(&'a WorkerId),
    /// All messages of a thread, the oldest first.
    Thread(i64),
    /// Messages about a task, the newest first.
    About(&'a TaskId),
    /// All messages, the newest first.
    Everything,
}

/// Completes a statement that reads whole messages.
macro_rules! messages_sql {
    ($rest:literal) => {
        concat!(
            "select messages.id, sent_at, sender, kind, address, text, task_id, reply_to, thread
            from ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Stores a message, and returns its number.
    pub fn add_message(&self, new: &NewMessage<'_>, now: Timestamp) -> Result<i64> {
        const SQL: &str = "
            insert into messages (sent_at, sender, kind, address, text, task_id, reply_to, thread)
            values (:now, :sender, :kind, :address, :text, :task, :reply_to, coalesce(:thread, 0))";
        const BEGINS: &str = "update messages set thread = id where id = :id";
        let NewMessage { sender, kind, address, text, task, reply_to } = new;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":now": now,
            ":sender": sender,
            ":kind": kind,
            ":address": address,
            ":text": text,
            ":task": task,
            ":reply_to": reply_to.map(|message| message.id),
            ":thread": reply_to.map(|message| message.thread),
        })?;
        let id = self.0.last_insert_rowid();
        if reply_to.is_none() {
            self.0.prepare_cached(BEGINS)?.execute(named_params! { ":id": id })?;
        }
        Ok(id)
    }

    /// Adds a delivery of a message to a worker.
    pub fn deliver(&self, message: i64, kind: MessageKind, to: &WorkerId) -> Result<()> {
        const SQL: &str = "
            insert into deliveries (worker_id, message_id, urgent)
            values (:to, :message, :urgent)
            on conflict do nothing";
        let keys = named_params! { ":to": to, ":message": message, ":urgent": kind.is_urgent() };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    /// Keeps a message for the next worker that claims a task.
    pub fn keep_message(&self, message: i64, task: &TaskId) -> Result<()> {
        const SQL: &str = "update messages set kept_for = :task where id = :message";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task, ":message": message })?;
        Ok(())
    }

    /// Delivers the messages kept for a task to the worker that claims it, and returns true if there were any.
    pub fn hand_over(&self, task: &TaskId, to: &WorkerId) -> Result<bool> {
        const KEPT: &str = "
            select id, kind
            from messages
            where kept_for = :task
            order by id";
        const SQL: &str = "update messages set kept_for = null where kept_for = :task";
        let mut statement = self.0.prepare_cached(KEPT)?;
        let rows =
            statement.query_map(named_params! { ":task": task }, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let kept: Vec<(i64, MessageKind)> = rows.collect::<rusqlite::Result<_>>()?;
        if kept.is_empty() {
            return Ok(false);
        }
        for (message, kind) in kept {
            self.deliver(message, kind, to)?;
        }
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task })?;
        Ok(true)
    }

    /// Returns the message of this number.
    pub fn message(&self, id: i64) -> Result<Message> {
        const SQL: &str = messages_sql!("messages where id = :id");
        let found = self.0.prepare_cached(SQL)?.query_row(named_params! { ":id": id }, message);
        found.optional()?.ok_or_else(|| Error::not_found("message", id))
    }

    /// Returns the number of messages that were not shown to the worker, and where it is connected; none if there
    /// is no such worker.
    pub fn mailbox(&self, worker: &WorkerId) -> Result<Option<Mailbox>> {
        const SQL: &str = "
            select untold_messages, pid, process_start, boot, host
            from workers
            where id = :worker";
        let mut statement = self.0.prepare_cached(SQL)?;
        let found = statement.query_row(named_params! { ":worker": worker }, |row| {
            let mut columns = Columns::of(row);
            Ok(Mailbox { untold: columns.next()?, process: process(&mut columns)? })
        });
        Ok(found.optional()?)
    }

    /// Returns the first messages that were not shown to the worker, urgent ones first.
    pub fn untold(&self, worker: &WorkerId, limit: usize) -> Result<Vec<Message>> {
        const SQL: &str = messages_sql!(
            "deliveries join messages on messages.id = message_id
            where worker_id = :worker and told_at is null
            order by urgent desc, message_id
            limit :limit"
        );
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":worker": worker, ":limit": limit as i64 };
        let rows = statement.query_map(keys, message)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Records that messages were shown to a worker.
    pub fn note_shown(&self, worker: &WorkerId, shown: &[Shown], now: Timestamp) -> Result<()> {
        const SQL: &str = "
            update deliveries
            set told_at = coalesce(told_at, :now), read_at = case when :whole then coalesce(read_at, :now) else read_at end
            where worker_id = :worker and message_id = :message";
        let mut statement = self.0.prepare_cached(SQL)?;
        for Shown { message, whole } in shown {
            let keys = named_params! { ":worker": worker, ":message": message, ":whole": whole, ":now": now };
            statement.execute(keys)?;
        }
        Ok(())
    }

    /// Returns the newest `stop` and `redirect` messages on a task that the worker has read.
    pub fn directions(&self, worker: &WorkerId, task: &TaskId, limit: usize) -> Result<Vec<Message>> {
        const SQL: &str = messages_sql!(
            "messages cross join deliveries on message_id = messages.id
            where task_id = :task and worker_id = :worker and urgent and read_at is not null
            order by messages.id desc
            limit :limit"
        );
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":worker": worker, ":task": task, ":limit": limit as i64 };
        let rows = statement.query_map(keys, message)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns true if the worker received this message and has not read it in full.
    pub fn is_unread(&self, worker: &WorkerId, message: i64) -> Result<bool> {
        const SQL: &str = "
            select 1
            from deliveries
            where worker_id = :worker and message_id = :message and read_at is null";
        let keys = named_params! { ":worker": worker, ":message": message };
        Ok(self.0.prepare_cached(SQL)?.exists(keys)?)
    }

    /// Returns a page of messages.
    pub fn messages(&self, of: &Post<'_>, page: Slice) -> Result<Vec<Message>> {
        const UNREAD: &str = messages_sql!(
            "deliveries join messages on messages.id = message_id
            where worker_id = :of and read_at is null
            order by urgent desc, message_id
            limit :limit offset :offset"
        );
        const GOT: &str = messages_sql!(
            "deliveries join messages on messages.id = message_id
            where worker_id = :of
            order by message_id desc
            limit :limit offset :offset"
        );
        const THREAD: &str = messages_sql!(
            "messages
            where thread = :of
            order by id
            limit :limit offset :offset"
        );
        const ABOUT: &str = messages_sql!(
            "messages
            where task_id = :of
            order by id desc
            limit :limit offset :offset"
        );
        const EVERYTHING: &str = messages_sql!(
            "messages
            where :of is null
            order by id desc
            limit :limit offset :offset"
        );
        let mut statement = self.0.prepare_cached(of.pick([UNREAD, GOT, THREAD, ABOUT, EVERYTHING]))?;
        let keys = named_params! {
            ":of": of.key(), ":limit": page.limit as i64, ":offset": page.offset as i64,
        };
        let rows = statement.query_map(keys, message)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the number of messages.
    pub fn count_messages(&self, of: &Post<'_>) -> Result<usize> {
        const UNREAD: &str = "select count(*) from deliveries where worker_id = :of and read_at is null";
        const GOT: &str = "select count(*) from deliveries where worker_id = :of";
        const THREAD: &str = "select count(*) from messages where thread = :of";
        const ABOUT: &str = "select count(*) from messages where task_id = :of";
        const EVERYTHING: &str = "select count(*) from messages where :of is null";
        let mut statement = self.0.prepare_cached(of.pick([UNREAD, GOT, THREAD, ABOUT, EVERYTHING]))?;
        let count: i64 = statement.query_row(named_params! { ":of": of.key() }, |row| row.get(0))?;
        Ok(count as usize)
    }

    /// Deletes some of the messages that were sent before `then`, read or not.
    pub fn forget_messages(&self, then: Timestamp) -> Result<()> {
        const SQL: &str = "
            delete from messages
            where id in (select id from messages where sent_at < :then order by sent_at limit 1000)";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":then": then })?;
        Ok(())
    }
}

impl Post<'_> {
    fn pick(&self, [unread, got, thread, about, everything]: [&'static str; 5]) -> &'static str {
        match self {
            Self::Unread(_) => unread,
            Self::Got(_) => got,
            Self::Thread(_) => thread,
            Self::About(_) => about,
            Self::Everything => everything,
        }
    }

    fn key(&self) -> Option<rusqlite::types::Value> {
        match self {
            Self::Unread(worker) | Self::Got(worker) => Some(worker.as_str().to_owned().into()),
            Self::Thread(thread) => Some((*thread).into()),
            Self::About(task) => Some(task.as_str().to_owned().into()),
            Self::Everything => None,
        }
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        sent_at: row.get(1)?,
        sender: row.get(2)?,
        kind: row.get(3)?,
        address: row.get(4)?,
        text: row.get(5)?,
        task: row.get(6)?,
        reply_to: row.get(7)?,
        thread: row.get(8)?,
    })
}
