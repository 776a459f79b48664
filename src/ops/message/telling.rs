//! Messages sent in the transaction that causes them.

use serde_json::json;

use crate::Context;
use crate::domain::{MessageKind, Step, Task, TaskId, WorkerId};
use crate::error::Result;
use crate::ops::task::shortened;
use crate::store::{Because, Event, NewMessage, Tx};

/// A message about a change that concerns a worker. The sender is the worker that made the change.
pub struct Notice<'a> {
    pub to: &'a WorkerId,
    pub kind: MessageKind,
    pub task: Option<&'a TaskId>,
    pub text: &'a str,
}

/// Sends a notice; the worker's next answer shows it.
pub fn tell(tx: &Tx, cx: &Context, notice: &Notice<'_>, because: &Because<'_>) -> Result<()> {
    let Notice { to, kind, task, text } = *notice;
    let new =
        NewMessage { sender: because.worker, kind, address: Some(to.as_str()), text, task, reply_to: None };
    put(tx, cx, &new, std::slice::from_ref(to), because).map(|_| ())
}

/// Stores a message for these workers; returns its number.
pub fn put(
    tx: &Tx,
    cx: &Context,
    new: &NewMessage<'_>,
    to: &[WorkerId],
    because: &Because<'_>,
) -> Result<i64> {
    const NAMED: usize = 8;
    const TEXT: usize = 200;
    let id = tx.add_message(new, cx.now)?;
    for worker in to {
        tx.deliver(id, new.kind, worker)?;
    }
    if !to.is_empty() {
        cx.mail.came.set(true);
    }
    let named: Vec<&WorkerId> = to.iter().take(NAMED).collect();
    let after = json!({
        "id": id, "kind": new.kind, "to": named, "workers": to.len(), "text": shortened(new.text, TEXT),
    });
    tx.record(&Event { task: new.task, after: Some(after), ..Event::of("sent", because) })?;
    Ok(id)
}

/// Notifies the workers that lose or get a task by another's step; the new holder also gets messages kept for it.
pub fn follow_step(tx: &Tx, cx: &Context, task: &Task, step: &Step, because: &Because<'_>) -> Result<()> {
    if step.holder == task.holder {
        return Ok(());
    }
    if let Some(next) = &step.holder
        && tx.hand_over(&task.id, next)?
    {
        cx.mail.came.set(true);
    }
    let Some(actor) = because.worker else {
        return Ok(());
    };
    let news = |to, kind, text: &str| {
        let text = match because.reason {
            Some(reason) => format!("{text}: {}", shortened(reason, 200)),
            None => text.to_owned(),
        };
        tell(tx, cx, &Notice { to, kind, task: Some(&task.id), text: &text }, because)
    };
    if let Some(loser) = task.holder.as_ref().filter(|loser| *loser != actor) {
        news(loser, MessageKind::Stop, &loss(step, actor, because))?;
    }
    if let Some(next) = step.holder.as_ref().filter(|next| *next != actor) {
        news(next, MessageKind::Note, "it was given to you, `claim` it")?;
    }
    Ok(())
}

/// Returns the text for a worker that has lost a task.
fn loss(step: &Step, actor: &WorkerId, because: &Because<'_>) -> String {
    match &step.holder {
        Some(next) if next == actor => "taken over from you".into(),
        Some(next) => format!("taken from you and given to {next}"),
        None if because.cause == "delete" => "deleted".into(),
        None if step.after.terminal => format!("ended as {}, not by you", step.to),
        None => format!("taken from you, it is {} again", step.to),
    }
}
