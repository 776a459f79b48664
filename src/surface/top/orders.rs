//! Carries out a person's orders, through the public operations.

use serde_json::json;

use super::cells::short;
use super::facts::Target;
use super::keys::Order;
use super::reader::ask;
use crate::App;
use crate::domain::Workflows;
use crate::error::{Error, Result};

/// The worker id under which a person takes a task: every step needs a worker.
const PERSON: &str = "person-at-top";

/// Carries out an order, and returns the outcome in a few words.
pub fn give(app: &App, order: Order, target: &Target, text: &str) -> Result<String> {
    let Target { worker, task, .. } = target;
    let kind = match order {
        Order::Stop => "stop",
        Order::Redirect => "redirect",
        Order::Release => {
            let task = task.as_deref().ok_or_else(|| Error::input("it holds no task", ""))?;
            return release(app, target, task, text);
        }
    };
    let mut message = json!({ "to": [worker], "kind": kind, "text": text });
    if let Some(task) = task {
        message["task"] = task.as_str().into();
    }
    ask(app, "send", message)?;
    Ok(format!("told {worker}: it is in the next answer that {worker} gets"))
}

/// Takes a task from its holder, which gets a message about it.
fn release(app: &App, target: &Target, task: &str, reason: &str) -> Result<String> {
    let found = ask(app, "get", json!({ "task": task }))?;
    if found["worker_id"] != target.worker.as_str() {
        return Err(Error::input(format!("{} does not hold `{task}` any more", target.worker), ""));
    }
    let free = free_state(app, found["workflow"].as_str());
    ask(app, "connect", json!({ "worker_id": PERSON }))?;
    let step = json!({
        "worker_id": PERSON, "task": task, "attempt": target.attempt,
        "status": free, "reason": reason, "force": true,
    });
    let released = ask(app, "update", step);
    // A person who stays connected would be listed as a worker.
    ask(app, "disconnect", json!({ "worker_id": PERSON }))?;
    released?;
    Ok(format!("{} is {free} again, {} is told so", short(task), target.worker))
}

/// Returns the state that a released task enters.
fn free_state(app: &App, workflow: Option<&str>) -> String {
    let config = app.config();
    let Workflows { by_name, default, .. } = &config.workflows;
    let workflow = workflow.and_then(|name| by_name.get(name)).or_else(|| by_name.get(default));
    workflow.map(|workflow| workflow.disconnect.to_string()).unwrap_or_default()
}
