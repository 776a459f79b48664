//! Guidance in answers: texts of the workflow that the worker has not seen since it connected.

use crate::Context;
use crate::domain::{Enforcement, Gate, Occasion, Task, Turn, Worker, Workflow, filled, listed, missing};
use crate::error::Result;
use crate::ops::task::brief::shortened;
use crate::ops::task::gating;
use crate::store::Tx;

/// How many bytes of guidance one answer may have.
const ROOM: usize = 300;

/// Returns the guidance for the caller, which has just claimed the task.
pub fn on_claim(tx: &Tx, cx: &Context, task: &Task) -> Result<Option<String>> {
    let worker = cx.actor()?;
    let rules = cx.rules_of(tx, task)?;
    if rules.guidance.is_empty() {
        return Ok(None);
    }
    let place = (&task.status, task.phase.as_ref());
    let mut texts = named(rules.guidance.of_step(None, place));
    texts.extend(of_role(&rules, worker, "claiming"));
    let listener = Listener { worker, task, rules: &rules };
    let pointer = pointer(&listener.advised(task));
    texts.extend(pointer.as_ref().map(|(name, text)| (name.clone(), text.as_str())));
    tell(tx, &listener, &texts)
}

/// Returns the guidance for the caller, whose request changed the task from `before` to `after`.
pub fn on_step(tx: &Tx, cx: &Context, before: &Task, after: &Task) -> Result<Option<String>> {
    let worker = cx.actor()?;
    let own = |task: &Task| task.holder.as_ref() == Some(&worker.id);
    // The state of a task that another worker holds does not concern the caller.
    if !own(before) && after.holder.is_some() && !own(after) {
        return Ok(None);
    }
    let begun = after.claimed_at.is_some() && before.attempt != after.attempt;
    if begun {
        return on_claim(tx, cx, after);
    }
    let rules = cx.rules_of(tx, if after.holder.is_some() { after } else { before })?;
    if rules.guidance.is_empty() {
        return Ok(None);
    }
    let from = (&before.status, before.phase.as_ref());
    let mut cues = rules.guidance.of_step(Some(from), (&after.status, after.phase.as_ref()));
    if after.holder.is_none() {
        // Texts on entering a phase are for the next holder.
        cues.retain(|(cue, _)| cue.turn == Turn::Leave || cue.phase.is_none());
    }
    let mut texts = named(cues);
    if before.status != after.status && rules.is_done(&after.status) {
        texts.extend(of_role(&rules, worker, "completing"));
    }
    let listener = Listener { worker, task: after, rules: &rules };
    let known = listener.advised(before);
    let mut news = listener.advised(after);
    news.retain(|topic| own(after) && !known.contains(topic));
    let pointer = pointer(&news);
    texts.extend(pointer.as_ref().map(|(name, text)| (name.clone(), text.as_str())));
    tell(tx, &listener, &texts)
}

/// Returns a text that names the topics with advice, and the key of that text.
fn pointer(topics: &[&str]) -> Option<(String, String)> {
    const NAMED: usize = 5;
    let more = if topics.len() > NAMED { ", …" } else { "" };
    let named = listed(topics.iter().take(NAMED));
    (!topics.is_empty())
        .then(|| (format!("advice {}", topics.join(" ")), format!("`get_advisory` has {named}{more}.")))
}

/// Returns the gates before all steps out of the task's state, which an agent must know from the start.
pub fn gates_ahead(tx: &Tx, cx: &Context, task: &Task) -> Result<Vec<String>> {
    let rules = cx.rules_of(tx, task)?;
    Ok(rules.gates_ahead(task).into_iter().map(labelled).collect())
}

/// Returns the type and the label of each gate whose evidence is missing.
pub fn gates_left(tx: &Tx, cx: &Context, task: &Task) -> Result<Vec<(String, String)>> {
    let rules = cx.rules_of(tx, task)?;
    let ahead = rules.gates_ahead(task);
    if ahead.is_empty() {
        return Ok(Vec::new());
    }
    let left = missing(&ahead, &gating::evidence(tx, task)?);
    Ok(left.into_iter().map(|gate| (gate.kind.clone(), labelled(gate))).collect())
}

pub fn labelled(gate: &Gate) -> String {
    match gate.enforcement {
        Enforcement::Reject => gate.kind.clone(),
        Enforcement::Warn => format!("{} (or a reason)", gate.kind),
        Enforcement::Allow => format!("{} (optional)", gate.kind),
    }
}

/// The worker and the task for which a text is filled in.
pub struct Listener<'a> {
    pub worker: &'a Worker,
    pub task: &'a Task,
    pub rules: &'a Workflow,
}

impl Listener<'_> {
    /// Returns the topics with advice about a task for this worker.
    fn advised(&self, task: &Task) -> Vec<&str> {
        let Self { worker, rules, .. } = self;
        let role = rules.role_of(&worker.tags).map(|(role, _)| role);
        let occasion = Occasion { role, phase: task.phase.as_ref(), tags: &task.tags };
        rules.guidance.advised(&occasion).collect()
    }

    /// Fills in the placeholders of a text.
    pub fn read(&self, text: &str) -> String {
        filled(text, |name| self.value(name))
    }

    fn value(&self, name: &str) -> String {
        let Self { worker, task, rules } = self;
        match name {
            "current_status" => task.status.to_string(),
            "valid_exits" => joined(&rules.state(&task.status).exits),
            "current_phase" => task.phase.as_ref().map(ToString::to_string).unwrap_or_default(),
            "valid_phases" => joined(&rules.phases),
            "task_id" => task.id.short().to_owned(),
            "task_title" => task.title.clone(),
            "task_priority" => i64::from(task.priority).to_string(),
            "task_tags" => joined(&task.tags),
            "task_level" => {
                let levels = task.tags.iter().filter_map(|tag| tag.as_str().strip_prefix("level:"));
                levels.map(str::to_owned).next().unwrap_or_default()
            }
            "child_count" => task.open_children.to_string(),
            "worker_id" | "agent_id" => worker.id.to_string(),
            "agent_role" => rules.role_of(&worker.tags).map(|(role, _)| role.to_owned()).unwrap_or_default(),
            "agent_tags" => joined(&worker.tags),
            _ => String::new(),
        }
    }
}

fn joined<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

fn named<'a>(texts: Vec<(&crate::domain::Cue, &'a str)>) -> Vec<(String, &'a str)> {
    texts.into_iter().map(|(cue, text)| (cue.to_string(), text)).collect()
}

fn of_role<'a>(rules: &'a Workflow, worker: &Worker, subject: &str) -> Option<(String, &'a str)> {
    let (role, _) = rules.role_of(&worker.tags)?;
    let text = rules.guidance.roles.get(role)?.get(subject)?;
    Some((format!("{role} {subject}"), text))
}

/// Joins the texts that the worker has not seen, as far as they fit, and records them as seen.
fn tell(tx: &Tx, listener: &Listener<'_>, texts: &[(String, &str)]) -> Result<Option<String>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let Listener { worker, rules, .. } = listener;
    let mut told = tx.guided(&worker.id)?;
    let before = told.len();
    let mut lines: Vec<String> = Vec::new();
    let mut room = ROOM;
    for (name, text) in texts {
        let name = format!("{} {name}", rules.name);
        if told.contains(&name) || room == 0 {
            continue;
        }
        let text = listener.read(text);
        let fits = text.len() <= room;
        if !fits && !lines.is_empty() {
            continue;
        }
        let line = if fits { text } else { shortened(&text, ROOM / 2) + " (`get_prompts` has the whole)" };
        room = room.saturating_sub(line.len());
        lines.push(line);
        told.push(name);
    }
    if told.len() > before {
        tx.set_guided(&worker.id, &told)?;
    }
    Ok(Some(lines.join("\n")).filter(|text| !text.is_empty()))
}
