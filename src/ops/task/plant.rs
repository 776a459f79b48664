//! How new tasks come to be: one, many, or a tree, with the links between them.
//!
//! All of a call's tasks get their ids first, so that they may name each other
//! in any order; then they are added from the top down, so that each knows what
//! its place means; the links across come last, each with the questions that
//! `link` asks.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::create::Create;
use super::words;
use crate::Context;
use crate::domain::{Demand, EdgeKind, JobDraft, Refusal, Shape, TaskDraft, TaskId, TaskRef, Title};
use crate::error::{Error, Result};
use crate::ops::edge::linking;
use crate::ops::job::setting;
use crate::ops::mark::marking;
use crate::store::{FirstPlace, Tx};

/// How the tasks of a tree are linked to each other.
pub struct TreeKinds {
    /// Parent to child; nothing for no link.
    pub child: Option<EdgeKind>,
    /// Each to the next beside it.
    pub sibling: Option<EdgeKind>,
}

/// What was planted, in the order of the request.
#[derive(Default)]
pub struct Planted {
    pub ids: Vec<TaskId>,
    /// The labels that the request gave its tasks, and their ids.
    pub labels: IndexMap<String, TaskId>,
    /// How many of them are new; the others were there.
    pub created: usize,
}

/// Adds the tasks side by side, with everything under them, under a task that is there or under none.
pub fn plant(
    tx: &Tx,
    cx: &Context,
    tasks: &[Create],
    under: Option<&TaskId>,
    kinds: &TreeKinds,
) -> Result<Planted> {
    let mut planting = Planting {
        tx,
        cx,
        kinds,
        names: HashMap::new(),
        across: Vec::new(),
        parents: Vec::new(),
        planted: Planted::default(),
        added: 0,
    };
    planting.name(tasks)?;
    let soil = match under {
        Some(parent) => planting.under(parent)?,
        None => Soil::default(),
    };
    planting.add(tasks, &soil)?;
    for parent in planting.parents.iter().chain(under) {
        tx.recount_children(parent)?;
    }
    planting.link_across()?;
    if tasks.iter().any(Create::is_of_group) {
        tx.settle_groups()?;
    }
    Ok(planting.planted)
}

struct Planting<'a> {
    tx: &'a Tx<'a>,
    cx: &'a Context<'a>,
    kinds: &'a TreeKinds,
    /// What the request calls its tasks: labels and ids.
    names: HashMap<&'a str, TaskId>,
    /// Links that may lead anywhere: from, to, kind.
    across: Vec<(TaskId, TaskId, EdgeKind)>,
    /// Tasks that were there before and that a new one asked to be under.
    parents: Vec<TaskId>,
    planted: Planted,
    /// How many of the planted ids have been added.
    added: usize,
}

/// Where new tasks come to stand.
#[derive(Clone, Default)]
struct Soil {
    parent: Option<TaskId>,
    /// How many of the tasks above are blocked.
    blocked_above: i64,
}

/// The task beside the one that is being added.
struct Neighbour {
    id: TaskId,
    /// It is new, and its place is the one that the call gave it.
    is_plain: bool,
}

impl<'a> Planting<'a> {
    /// Gives every new task its id, so that the others can name it.
    fn name(&mut self, tasks: &'a [Create]) -> Result<()> {
        for task in tasks {
            let id = match (&task.existing, &task.id) {
                (Some(existing), _) => self.tx.resolve(existing)?,
                (None, Some(id)) => self.unused(id)?,
                (None, None) => self.generated()?,
            };
            for name in [task.label.as_ref().map(TaskRef::as_str), task.id.as_ref().map(TaskId::as_str)]
                .into_iter()
                .flatten()
            {
                if self.names.insert(name, id.clone()).is_some_and(|other| other != id) {
                    return Err(Error::input(format!("two tasks of this call are called `{name}`"), ""));
                }
            }
            if let Some(label) = &task.label {
                self.planted.labels.insert(label.to_string(), id.clone());
            }
            self.planted.ids.push(id);
            words::check_number("tasks", self.planted.ids.len(), self.cx.config.limits.tree_nodes)?;
            self.name(&task.tasks)?;
        }
        Ok(())
    }

    fn unused(&self, id: &TaskId) -> Result<TaskId> {
        if self.names.contains_key(id.as_str()) || self.tx.has_task(id)? {
            return Err(Refusal::Exists { what: "task", name: id.as_str().to_owned() }.into());
        }
        Ok(id.clone())
    }

    /// Makes an id whose last digits stand for it alone.
    fn generated(&self) -> Result<TaskId> {
        loop {
            let id = TaskId::generate();
            if !self.tx.has_tail(&id)? {
                return Ok(id);
            }
        }
    }

    /// Adds tasks side by side, each with everything under it, in the order in which they were named.
    fn add(&mut self, tasks: &'a [Create], soil: &Soil) -> Result<()> {
        let mut beside: Option<Neighbour> = None;
        for task in tasks {
            let id = self.planted.ids[self.added].clone();
            self.added += 1;
            let soil = self.soil_of(task, &id, soil)?;
            let below = match task.existing {
                Some(_) => self.graft(&id, &soil, beside.as_ref())?,
                None => self.add_one(task, &id, &soil, beside.as_ref())?,
            };
            self.add(&task.tasks, &below)?;
            if self.holds_children() && !task.tasks.is_empty() {
                self.tx.recount_children(&id)?;
            }
            self.note_links(task, &id)?;
            let is_plain = task.existing.is_none() && task.parent.is_none();
            beside = Some(Neighbour { id, is_plain });
        }
        Ok(())
    }

    /// Returns where a task comes to stand: where the call puts it, or under the parent it names itself.
    fn soil_of(&mut self, task: &Create, id: &TaskId, given: &Soil) -> Result<Soil> {
        let Some(name) = &task.parent else {
            return Ok(given.clone());
        };
        if let Some(kind) = &self.kinds.child
            && let Some(parent) = self.names.get(name.as_str())
        {
            self.across.push((parent.clone(), id.clone(), kind.clone()));
            return Ok(Soil::default());
        }
        let parent = self.tx.resolve(name)?;
        self.parents.push(parent.clone());
        self.under(&parent)
    }

    /// Returns the place under a task that was there before.
    fn under(&self, parent: &TaskId) -> Result<Soil> {
        let task = self.tx.task(parent)?;
        if task.deleted_at.is_some() {
            return Err(Refusal::Deleted { task: parent.clone() }.into());
        }
        if self.holds_children() && self.cx.workflow_of(&task)?.state(&task.status).terminal {
            return Err(Refusal::Ended { task: parent.clone(), status: task.status }.into());
        }
        let blocked_above = task.blocked_above + i64::from(task.open_blockers > 0);
        Ok(Soil { parent: Some(parent.clone()), blocked_above })
    }

    /// Adds a new task, and returns the place under it.
    ///
    /// Nothing is linked to it yet, so that the links to its parent and to the
    /// task beside it cannot close a circle.
    fn add_one(
        &mut self,
        task: &Create,
        id: &TaskId,
        soil: &Soil,
        beside: Option<&Neighbour>,
    ) -> Result<Soil> {
        let draft = self.draft(task, id)?;
        let workflow = self.cx.workflow(&draft.workflow)?;
        let upright = self.kinds.child.as_ref().filter(|kind| kind.rule.shape == Shape::Vertical);
        let follows = self.kinds.sibling.as_ref().filter(|kind| kind.rule.shape == Shape::Horizontal);
        let follows = follows.zip(beside.filter(|beside| beside.is_plain && task.parent.is_none()));
        let open_blockers = i64::from(follows.is_some_and(|(kind, _)| kind.rule.holds_start()));
        let blocked_above = if upright.is_some() { soil.blocked_above } else { 0 };
        let place = FirstPlace {
            status: &workflow.initial,
            meaning: workflow.meaning(&workflow.initial),
            parent: soil.parent.as_ref(),
            open_blockers,
            blocked_above,
        };
        self.tx.add_task(&draft, &place, &self.cx.because("create"))?;
        if !task.files.is_empty() {
            marking::declare(self.tx, id, task.files.paths(), &self.cx.because("create"))?;
        }
        self.planted.created += 1;
        match (&soil.parent, upright, &self.kinds.child) {
            (Some(parent), Some(kind), _) => {
                self.tx.add_edge(parent, id, kind)?;
            }
            (Some(parent), None, Some(kind)) => self.across.push((parent.clone(), id.clone(), kind.clone())),
            _ => {}
        }
        match (follows, beside, &self.kinds.sibling) {
            (Some((kind, beside)), ..) => {
                self.tx.add_edge(&beside.id, id, kind)?;
            }
            (None, Some(beside), Some(kind)) => {
                self.across.push((beside.id.clone(), id.clone(), kind.clone()))
            }
            _ => {}
        }
        Ok(Soil { parent: Some(id.clone()), blocked_above: blocked_above + open_blockers })
    }

    /// Puts a task that was there before into its place, and returns the place under it.
    fn graft(&mut self, id: &TaskId, soil: &Soil, beside: Option<&Neighbour>) -> Result<Soil> {
        if let (Some(parent), Some(kind)) = (&soil.parent, &self.kinds.child) {
            linking::link(self.tx, self.cx, parent, id, kind)?;
        }
        if let (Some(beside), Some(kind)) = (beside, &self.kinds.sibling) {
            linking::link(self.tx, self.cx, &beside.id, id, kind)?;
        }
        self.under(id)
    }

    /// Notes the links that a task names, for when all tasks are there.
    fn note_links(&mut self, task: &Create, id: &TaskId) -> Result<()> {
        if task.blocked_by.is_empty() && task.blocks.is_empty() {
            return Ok(());
        }
        let Some(kind) = self.cx.config.edges.blocking() else {
            return Err(Error::input("the project has no link type that holds back a start", ""));
        };
        for blocker in &task.blocked_by {
            self.across.push((self.named(blocker)?, id.clone(), kind.clone()));
        }
        for blocked in &task.blocks {
            self.across.push((id.clone(), self.named(blocked)?, kind.clone()));
        }
        Ok(())
    }

    fn named(&self, name: &TaskRef) -> Result<TaskId> {
        match self.names.get(name.as_str()) {
            Some(id) => Ok(id.clone()),
            None => self.tx.resolve(name),
        }
    }

    fn link_across(&mut self) -> Result<()> {
        for (from, to, kind) in std::mem::take(&mut self.across) {
            linking::link(self.tx, self.cx, &from, &to, &kind)?;
        }
        Ok(())
    }

    fn holds_children(&self) -> bool {
        self.kinds.child.as_ref().is_some_and(|kind| kind.rule.contains())
    }

    /// Returns what is asked of a task as a job, if it is to be one.
    fn job_of(&self, task: &Create) -> Result<Option<JobDraft>> {
        if task.job.is_none() && task.not_before.is_none() {
            return Ok(None);
        }
        let settings = task.job.clone().unwrap_or_default();
        setting::check(&settings)?;
        let now = self.cx.now;
        let not_before = task.not_before.map(|when| when.from(now)).filter(|then| *then > now);
        Ok(Some(JobDraft { settings, not_before }))
    }

    fn draft(&self, task: &Create, id: &TaskId) -> Result<TaskDraft> {
        let cx = self.cx;
        if let Some(text) = &task.description {
            words::check_text(cx, "description", &text.0)?;
        }
        let title = match (&task.title, &task.description) {
            (Some(title), _) => Some(title.clone()),
            (None, Some(text)) => Title::from_description(&text.0),
            (None, None) => None,
        };
        let Some(title) = title else {
            return Err(Error::input("a task needs a `title`", ""));
        };
        let own = cx.worker.as_ref().map_or(&cx.config.workflows.default, |worker| &worker.workflow);
        let workflow = task.workflow.as_ref().unwrap_or(own);
        if let Some(phase) = &task.phase {
            words::check_phase(cx, cx.workflow(workflow)?, phase)?;
        }
        words::check_tags(cx, task.tags.iter().chain(&task.needed_tags).chain(&task.wanted_tags))?;
        Ok(TaskDraft {
            id: id.clone(),
            title: title.0,
            description: task.description.as_ref().map(|text| text.0.clone()),
            workflow: workflow.clone(),
            phase: task.phase.clone(),
            priority: task.priority.unwrap_or_default(),
            demand: Demand { needed: task.needed_tags.clone(), wanted: task.wanted_tags.clone() },
            tags: task.tags.clone(),
            points: task.points,
            time_estimate_ms: task.time_estimate_ms,
            job: self.job_of(task)?,
        })
    }
}
