//! Adds and removes links: the checks, and the counts that a link changes.

use serde_json::json;

use crate::Context;
use crate::domain::{EdgeKind, Moment, Refusal, Shape, Task, TaskId, tasks_along};
use crate::error::{Error, Result};
use crate::store::{Edge, Event, Shift, Tx, Ways};

/// Adds a link, or refuses it; returns true if it is new.
pub fn link(
    tx: &Tx,
    cx: &Context,
    ways: &Ways,
    (from, to): (&TaskId, &TaskId),
    kind: &EdgeKind,
) -> Result<bool> {
    if from == to {
        return Err(Refusal::Cycle {
            from: from.clone(),
            to: to.clone(),
            path: vec![from.clone(), to.clone()],
        }
        .into());
    }
    let (source, target) = (tx.task(from)?, tx.task(to)?);
    for task in [&source, &target] {
        if task.deleted_at.is_some() {
            return Err(Refusal::Deleted { task: task.id.clone() }.into());
        }
    }
    if kind.rule.contains() && cx.workflow_of(&source)?.state(&source.status).terminal {
        return Err(Refusal::Ended { task: source.id, status: source.status }.into());
    }
    if tx.has_edge(from, to, &kind.name)? {
        return Ok(false);
    }
    if kind.rule.shape == Shape::Vertical {
        refuse_projects(tx, &source, &target)?;
    }
    if kind.rule.shape == Shape::Vertical
        && let Some(parent) = tx.parent(to)?
    {
        return Err(Refusal::HasParent { task: to.clone(), parent }.into());
    }
    refuse_circle(tx, ways, (from, to), kind)?;
    tx.add_edge(from, to, kind)?;
    ways.have_changed(&kind.rule.orders(from, to));
    record(tx, cx, "linked", &edge(from, to, kind))?;
    count(tx, (from, to), kind, 1)?;
    Ok(true)
}

/// Removes a link; returns the tasks that this released, or `None` if there was no such link.
pub fn unlink(tx: &Tx, cx: &Context, from: &TaskId, to: &TaskId, kind: &EdgeKind) -> Result<Option<Shift>> {
    if !tx.remove_edge(from, to, &kind.name)? {
        return Ok(None);
    }
    record(tx, cx, "unlinked", &edge(from, to, kind))?;
    count(tx, (from, to), kind, -1).map(Some)
}

/// Returns the project's link type of this name.
pub fn kind(cx: &Context, name: &str) -> Result<EdgeKind> {
    let known = || cx.config.edges.names().map(ToString::to_string).collect();
    let found = name.parse().ok().and_then(|name| cx.config.edges.get(&name));
    found.ok_or_else(|| Error::NotFound { what: "link type", name: name.to_owned(), near: known() })
}

/// Refuses to move a project under another task, and to move tasks into a closed project.
fn refuse_projects(tx: &Tx, parent: &Task, child: &Task) -> Result<()> {
    if child.is_project {
        let message = format!("task `{}` is a project, which is under no other task", child.id);
        return Err(Error::input(message, "link or relink the tasks in it instead"));
    }
    let closed = match parent.project {
        Some(project) if child.project != parent.project => tx.project(project)?.objection_to_growth(),
        _ => None,
    };
    closed.map_or(Ok(()), |refusal| Err(refusal.into()))
}

fn refuse_circle(tx: &Tx, ways: &Ways, (from, to): (&TaskId, &TaskId), kind: &EdgeKind) -> Result<()> {
    for (earlier, later) in kind.rule.orders(from, to) {
        if let Some(way) = tx.way(ways, &later, &earlier)? {
            return Err(Refusal::Cycle { from: from.clone(), to: to.clone(), path: closed(&way) }.into());
        }
    }
    Ok(())
}

/// Returns the tasks of the cycle that the new link would close, back to the first.
fn closed(way: &[Moment<TaskId>]) -> Vec<TaskId> {
    let mut path = tasks_along(way);
    if let Some(first) = path.first().cloned() {
        path.push(first);
        path.dedup();
    }
    path
}

/// Updates the counts after a link was added (+1) or removed (-1).
fn count(tx: &Tx, (from, to): (&TaskId, &TaskId), kind: &EdgeKind, change: i64) -> Result<Shift> {
    let mut shift = Shift::default();
    if kind.rule.holds_start() {
        shift.freed = tx.shift_blockers(from, to, change)?;
    }
    if kind.rule.shape == Shape::Vertical {
        tx.recount_project(to)?;
        shift.freed.extend(tx.recount_above(to)?);
    }
    if kind.rule.contains() && tx.shift_children(from, to, change)? {
        shift.may_end.push(from.clone());
    }
    Ok(shift)
}

fn edge(from: &TaskId, to: &TaskId, kind: &EdgeKind) -> Edge {
    Edge { from: from.clone(), to: to.clone(), kind: kind.name.clone() }
}

/// Records the addition or removal of a link.
fn record(tx: &Tx, cx: &Context, what: &str, edge: &Edge) -> Result<()> {
    let link = Some(json!({ "from": edge.from, "to": edge.to, "type": edge.kind }));
    let (cause, before, after) = if what == "linked" { ("link", None, link) } else { ("unlink", link, None) };
    let because = cx.because(cause);
    tx.record(&Event { task: Some(&edge.to), before, after, ..Event::of(what, &because) })
}
