//! Delivery of messages with answers: the next answer to a worker carries its messages. They are marked as
//! told when that answer has been written.
//!
//! For a worker without messages, this costs a look at a number in its own row. Only answers to the process
//! in which the worker is connected carry its messages. Calls by another process or by a person do not
//! deliver them.
//!
//! Delivery is at least once. Messages are delivered again if the process ends between writing an answer
//! and marking them, or if the answer could not be written. While a process lives, it carries each message
//! once, even if several calls run at a time.

use std::sync::Arc;

use serde_json::Value;

use super::Request;
use crate::domain::{Load, Shown, Worker, WorkerId};
use crate::error::Result;
use crate::mailbag::Mailbag;
use crate::store::{Mailbox, Patience, Tx};
use crate::{App, Context, Effect};

/// The outcome of a call, and the messages delivered with it.
pub struct Answer {
    pub outcome: Result<Value>,
    pub rider: Option<Rider>,
}

/// Messages that an answer carries.
pub struct Rider {
    /// One line per message; empty if the answer itself shows them.
    pub lines: Vec<String>,
    pub receipt: Receipt,
}

/// Acknowledgement, to be handed in when the answer has been written. If it is dropped, the messages stay
/// undelivered.
pub struct Receipt {
    bag: Arc<Mailbag>,
    reader: WorkerId,
    shown: Vec<Shown>,
}

impl Answer {
    /// Returns the outcome, with the messages added to a success, and the receipt.
    ///
    /// The messages of a refusal are left to the face, which has a place for them.
    pub fn packed(self) -> (Result<Value>, Option<Rider>) {
        let Self { mut outcome, mut rider } = self;
        if let (Ok(answer), Some(rider)) = (&mut outcome, &mut rider)
            && !rider.lines.is_empty()
        {
            answer["messages"] = std::mem::take(&mut rider.lines).into();
        }
        (outcome, rider)
    }

    /// Returns the outcome for a caller in this process, which has a success as soon as this returns.
    pub fn delivered(self, app: &App) -> Result<Value> {
        let (outcome, rider) = self.packed();
        if let Some(rider) = rider.filter(|_| outcome.is_ok()) {
            rider.receipt.hand_in(app);
        }
        outcome
    }
}

impl From<Result<Value>> for Answer {
    fn from(outcome: Result<Value>) -> Self {
        Self { outcome, rider: None }
    }
}

impl Receipt {
    /// Registers messages as being delivered to their reader.
    fn of(app: &App, reader: &WorkerId, shown: Vec<Shown>) -> Self {
        let bag = Arc::clone(&app.mailbag);
        bag.open().extend(shown.iter().map(|shown| ((reader.clone(), shown.message), shown.whole)));
        Self { bag, reader: reader.clone(), shown }
    }

    /// Marks the messages as told. If that fails, they are delivered again.
    pub fn hand_in(self, app: &App) {
        let Self { reader, shown, .. } = &self;
        let marked =
            app.store.transact(Patience::Waits, Effect::Note, |tx| tx.note_shown(reader, shown, app.now()));
        if let Err(error) = marked {
            tracing::warn!(%error, "messages are told again that could not be marked as told");
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let mut underway = self.bag.open();
        for Shown { message, .. } in &self.shown {
            underway.remove(&(self.reader.clone(), *message));
        }
    }
}

/// Returns the messages for the answer to a call that succeeded.
pub fn rider(app: &App, tx: &Tx, cx: &Context, request: &Request) -> Result<Option<Rider>> {
    if !request.takes_mail {
        return Ok(None);
    }
    let asks = cx.worker.as_ref();
    let connected = cx.mail.reader.take();
    let asking = asks.map(|worker| &worker.id);
    let Some(reader) = connected.as_ref().or(asking).or(request.listener.as_ref()) else {
        return Ok(None);
    };
    let (untold, is_here) = match asks.filter(|asks| asks.id == *reader && !cx.mail.came.get()) {
        Some(Worker { untold, process, .. }) => (*untold, app.caller.reaches(reader, process.as_ref())),
        None => mailbox(app, tx, reader)?,
    };
    // The answer may show messages to a caller that is not their reader; they stay undelivered.
    let shown = cx.mail.shown.take();
    if !is_here {
        return Ok(None);
    }
    if let Some(shown) = shown {
        let carries = !shown.is_empty();
        let rider = || Rider { lines: Vec::new(), receipt: Receipt::of(app, reader, shown) };
        return Ok(carries.then(rider));
    }
    load(app, tx, reader, untold)
}

/// Returns the messages for a refusal, or for the answer of a long read.
pub fn rider_afterwards(app: &App, request: &Request) -> Result<Option<Rider>> {
    let Some(reader) = request.worker.as_ref().or(request.listener.as_ref()).filter(|_| request.takes_mail)
    else {
        return Ok(None);
    };
    app.store.transact(request.patience, Effect::Read, |tx| match mailbox(app, tx, reader)? {
        (untold, true) => load(app, tx, reader, untold),
        (_, false) => Ok(None),
    })
}

/// Returns the number of a reader's undelivered messages, and whether answers to this process reach it.
fn mailbox(app: &App, tx: &Tx, reader: &WorkerId) -> Result<(i64, bool)> {
    Ok(match tx.mailbox(reader)? {
        Some(Mailbox { untold, process }) => (untold, app.caller.reaches(reader, process.as_ref())),
        None => (0, false),
    })
}

fn load(app: &App, tx: &Tx, reader: &WorkerId, untold: i64) -> Result<Option<Rider>> {
    if untold == 0 {
        return Ok(None);
    }
    let mut underway = app.mailbag.open();
    let key = |message: i64| (reader.clone(), message);
    let carried = underway.range(key(i64::MIN)..=key(i64::MAX)).count();
    let mut waiting = tx.untold(reader, Load::MOST + carried)?;
    waiting.retain(|message| !underway.contains_key(&key(message.id)));
    if waiting.is_empty() {
        return Ok(None);
    }
    let Load { lines, shown } = Load::of(&waiting, (untold.unsigned_abs() as usize).saturating_sub(carried));
    underway.extend(shown.iter().map(|shown| (key(shown.message), shown.whole)));
    Ok(Some(Rider {
        lines,
        receipt: Receipt { bag: Arc::clone(&app.mailbag), reader: reader.clone(), shown },
    }))
}
