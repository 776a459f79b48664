//! Creating tasks: one, many, or a tree, with the links between them.
//!
//! First all tasks of a call get their ids, so that they can name each other in any order. Then they are
//! added from the top down, so that the parent's facts are known. All other links come last.

use std::collections::HashMap;
use std::mem::take;
use std::rc::Rc;

use indexmap::IndexMap;

use super::create::Create;
use super::drafting::draft;
use super::kinds::TreeKinds;
use super::words;
use crate::Context;
use crate::domain::{EdgeKind, Project, Refusal, Shape, TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::edge::linking;
use crate::ops::mark::marking;
use crate::store::{FirstPlace, Tx, Ways};

/// The created tasks, in the order of the request.
#[derive(Default)]
pub struct Planted {
    pub ids: Vec<TaskId>,
    /// The labels in the request, with the ids of their tasks.
    pub labels: IndexMap<String, TaskId>,
    /// How many of them are new; the others existed already.
    pub created: usize,
}

impl Planted {
    pub fn extend(&mut self, other: Self) {
        let Self { ids, labels, created } = other;
        self.ids.extend(ids);
        self.labels.extend(labels);
        self.created += created;
    }
}

/// The error that stopped the creation, and the list item that caused it.
pub struct Fault {
    /// `None` if no single item is at fault.
    pub at: Option<usize>,
    pub error: Error,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

/// Adds the tasks as siblings, with all their subtasks, under an existing task or without a parent.
pub fn plant(
    tx: &Tx,
    cx: &Context,
    tasks: &[Create],
    under: Option<&TaskId>,
    kinds: &TreeKinds,
) -> Result<Planted, Fault> {
    let earlier = HashMap::new();
    Planting::new(tx, cx, kinds, &earlier).plant(tasks, under)
}

/// The creation of the tasks of one call: all, or none of them.
pub struct Planting<'a> {
    tx: &'a Tx<'a>,
    cx: &'a Context<'a>,
    kinds: &'a TreeKinds,
    /// The names of tasks that earlier parts of the request added.
    earlier: &'a HashMap<String, TaskId>,
    /// The labels and ids in the request, with the index of each in `planted.ids`.
    names: HashMap<&'a str, usize>,
    /// Links to add when all tasks exist.
    across: Vec<Across>,
    /// The places under existing tasks, cached.
    soils: HashMap<TaskId, Soil>,
    /// How many open subtasks each parent has got since its counter was last updated.
    opened: IndexMap<TaskId, i64>,
    planted: Planted,
    /// How many of the ids have been added.
    added: usize,
    /// The index of the current item of the list.
    at: usize,
}

struct Across {
    from: TaskId,
    to: TaskId,
    kind: EdgeKind,
    /// The index of the list item that asks for the link.
    at: usize,
}

/// The place of new tasks: their parent, and the facts they inherit from it.
#[derive(Clone, Default)]
struct Soil {
    parent: Option<TaskId>,
    /// How many of the tasks above are blocked.
    blocked_above: i64,
    project: Option<Rc<Project>>,
}

/// The previous sibling of the task that is being added.
struct Neighbour {
    id: TaskId,
    /// Whether it is new and has no `parent` of its own.
    is_plain: bool,
}

impl<'a> Planting<'a> {
    pub fn new(
        tx: &'a Tx<'a>,
        cx: &'a Context<'a>,
        kinds: &'a TreeKinds,
        earlier: &'a HashMap<String, TaskId>,
    ) -> Self {
        Self {
            tx,
            cx,
            kinds,
            earlier,
            names: HashMap::new(),
            across: Vec::new(),
            soils: HashMap::new(),
            opened: IndexMap::new(),
            planted: Planted::default(),
            added: 0,
            at: 0,
        }
    }

    /// Adds the tasks, or returns the error with the index of the item at fault.
    pub fn plant(mut self, tasks: &'a [Create], under: Option<&TaskId>) -> Result<Planted, Fault> {
        let number = tasks.iter().map(Create::size).sum();
        words::check_number("tasks", number, self.cx.config.limits.tree_nodes)
            .map_err(|error| Fault { at: None, error })?;
        match self.plant_all(tasks, under) {
            Ok(()) => Ok(self.planted),
            Err(error) => Err(Fault { at: Some(self.at), error }),
        }
    }

    fn plant_all(&mut self, tasks: &'a [Create], under: Option<&TaskId>) -> Result<()> {
        for (at, task) in tasks.iter().enumerate() {
            self.at = at;
            self.name(task)?;
        }
        self.at = 0;
        let soil = under.map_or_else(|| Ok(Soil::default()), |parent| self.under(parent))?;
        let mut beside = None;
        for (at, task) in tasks.iter().enumerate() {
            self.at = at;
            beside = Some(self.add(task, &soil, beside.as_ref())?);
        }
        self.count_children()?;
        self.link_across()
    }

    /// Assigns ids to a new task and its subtasks, so that others can name them.
    fn name(&mut self, task: &'a Create) -> Result<()> {
        let id = match (&task.existing, &task.id) {
            (Some(existing), _) => self.tx.resolve(existing)?,
            (None, Some(id)) => self.unused(id)?,
            (None, None) => self.generated()?,
        };
        for name in task.names() {
            let other = self.names.get(name).map(|at| &self.planted.ids[*at]).or(self.earlier.get(name));
            if other.is_some_and(|other| *other != id) {
                return Err(Error::input(format!("two tasks of this call are called `{name}`"), ""));
            }
            self.names.insert(name, self.planted.ids.len());
        }
        if let Some(label) = &task.label {
            self.planted.labels.insert(label.to_string(), id.clone());
        }
        self.planted.ids.push(id);
        task.tasks.iter().try_for_each(|task| self.name(task))
    }

    fn unused(&self, id: &TaskId) -> Result<TaskId> {
        if self.names.contains_key(id.as_str()) || self.tx.is_name_taken(id, None)? {
            return Err(Refusal::Exists { what: "task", name: id.as_str().to_owned() }.into());
        }
        Ok(id.clone())
    }

    /// Returns a new id whose last digits no other id has.
    fn generated(&self) -> Result<TaskId> {
        loop {
            let id = TaskId::generate();
            if !self.tx.has_tail(&id)? {
                return Ok(id);
            }
        }
    }

    /// Adds a task with all its subtasks, and returns it as the previous sibling of the next.
    fn add(&mut self, task: &'a Create, soil: &Soil, beside: Option<&Neighbour>) -> Result<Neighbour> {
        let id = self.planted.ids[self.added].clone();
        self.added += 1;
        let soil = self.soil_of(task, &id, soil)?;
        let below = match task.existing {
            Some(_) => self.graft(&id, &soil, beside)?,
            None => self.add_one(task, &id, &soil, beside)?,
        };
        let mut last = None;
        for task in &task.tasks {
            last = Some(self.add(task, &below, last.as_ref())?);
        }
        self.note_links(task, &id)?;
        let is_plain = task.existing.is_none() && task.parent.is_none();
        Ok(Neighbour { id, is_plain })
    }

    /// Returns the place of a task: under the parent that it names, else where the call puts it.
    fn soil_of(&mut self, task: &Create, id: &TaskId, given: &Soil) -> Result<Soil> {
        let name = match &task.parent {
            Some(name) if name.is_none() => return Ok(Soil::default()),
            Some(name) => name,
            None if given.parent.is_none() && task.existing.is_none() => return self.home(),
            None => return Ok(given.clone()),
        };
        if let Some(kind) = &self.kinds.child
            && let Some(at) = self.names.get(name.as_str())
            && *at + 1 >= self.added
        {
            // The parent has not been added yet.
            self.note(self.planted.ids[*at].clone(), id.clone(), kind.clone());
            return Ok(Soil::default());
        }
        self.beneath(self.named(name)?)
    }

    /// Returns the place of a task without a parent: in the worker's project, if it works in one.
    fn home(&mut self) -> Result<Soil> {
        match self.cx.worker.as_ref().and_then(|worker| worker.project) {
            Some(project) if self.holds_children() => self.beneath(self.tx.project_task(project)?),
            _ => Ok(Soil::default()),
        }
    }

    /// Returns the place under an existing task, from the cache if possible.
    fn beneath(&mut self, parent: TaskId) -> Result<Soil> {
        if let Some(soil) = self.soils.get(&parent) {
            return Ok(soil.clone());
        }
        let soil = self.under(&parent)?;
        self.soils.insert(parent, soil.clone());
        Ok(soil)
    }

    /// Returns the place under an existing task.
    fn under(&self, parent: &TaskId) -> Result<Soil> {
        let task = self.tx.task(parent)?;
        if task.deleted_at.is_some() {
            return Err(Refusal::Deleted { task: parent.clone() }.into());
        }
        if self.holds_children() && self.cx.workflow_of(&task)?.state(&task.status).terminal {
            return Err(Refusal::Ended { task: parent.clone(), status: task.status }.into());
        }
        let blocked_above = task.blocked_above + i64::from(task.open_blockers > 0);
        let project = task.project.map(|project| self.tx.project(project)).transpose()?;
        if let Some(refusal) = project.as_ref().and_then(Project::objection_to_growth) {
            return Err(refusal.into());
        }
        Ok(Soil { parent: Some(parent.clone()), blocked_above, project: project.map(Rc::new) })
    }

    /// Adds a new task, and returns the place under it.
    ///
    /// The task has no links yet, so the links to its parent and its previous sibling cannot close a cycle.
    fn add_one(
        &mut self,
        task: &Create,
        id: &TaskId,
        soil: &Soil,
        beside: Option<&Neighbour>,
    ) -> Result<Soil> {
        let upright = self.kinds.child.as_ref().filter(|kind| kind.rule.shape == Shape::Vertical);
        let project = soil.project.as_ref().filter(|_| upright.is_some());
        let draft = draft(self.cx, task, id, project.map(|project| &project.defaults))?;
        let workflow = self.cx.workflow(&draft.workflow)?;
        let follows = self.kinds.sibling.as_ref().filter(|kind| kind.rule.shape == Shape::Horizontal);
        let follows = follows.zip(beside.filter(|beside| beside.is_plain && task.parent.is_none()));
        let open_blockers = i64::from(follows.is_some_and(|(kind, _)| kind.rule.holds_start()));
        let blocked_above = if upright.is_some() { soil.blocked_above } else { 0 };
        let place = FirstPlace {
            status: &workflow.initial,
            meaning: workflow.meaning(&workflow.initial),
            parent: soil.parent.as_ref(),
            is_inside: upright.is_some(),
            project: project.map(|project| project.key),
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
                if kind.rule.contains() && place.meaning.blocking {
                    *self.opened.entry(parent.clone()).or_default() += 1;
                }
            }
            (Some(parent), None, Some(kind)) => self.note(parent.clone(), id.clone(), kind.clone()),
            _ => {}
        }
        match (follows, beside, &self.kinds.sibling) {
            (Some((kind, beside)), ..) => {
                self.tx.add_edge(&beside.id, id, kind)?;
            }
            (None, Some(beside), Some(kind)) => self.note(beside.id.clone(), id.clone(), kind.clone()),
            _ => {}
        }
        let (blocked_above, project) = (blocked_above + open_blockers, project.cloned());
        Ok(Soil { parent: Some(id.clone()), blocked_above, project })
    }

    /// Puts an existing task into its place, and returns the place under it.
    fn graft(&mut self, id: &TaskId, soil: &Soil, beside: Option<&Neighbour>) -> Result<Soil> {
        // Linking recounts, and may change counters of the tasks above: so write the counts and clear the cache first.
        self.count_children()?;
        self.soils.clear();
        if let (Some(parent), Some(kind)) = (&soil.parent, &self.kinds.child) {
            linking::link(self.tx, self.cx, &Ways::default(), (parent, id), kind)?;
        }
        if let (Some(beside), Some(kind)) = (beside, &self.kinds.sibling) {
            linking::link(self.tx, self.cx, &Ways::default(), (&beside.id, id), kind)?;
        }
        self.under(id)
    }

    /// Notes the links that a task names; they are added when all tasks exist.
    fn note_links(&mut self, task: &Create, id: &TaskId) -> Result<()> {
        if task.blocked_by.is_empty() && task.blocks.is_empty() {
            return Ok(());
        }
        for (list, names) in [("blocked_by", &task.blocked_by), ("blocks", &task.blocks)] {
            words::check_number(list, names.len(), self.cx.config.limits.ids)?;
        }
        let Some(kind) = self.cx.config.edges.blocking() else {
            return Err(Error::input("the project has no link type that holds back a start", ""));
        };
        for blocker in &task.blocked_by {
            self.note(self.named(blocker)?, id.clone(), kind.clone());
        }
        for blocked in &task.blocks {
            self.note(id.clone(), self.named(blocked)?, kind.clone());
        }
        Ok(())
    }

    fn named(&self, name: &TaskRef) -> Result<TaskId> {
        let own = self.names.get(name.as_str()).map(|at| &self.planted.ids[*at]);
        match own.or(self.earlier.get(name.as_str())) {
            Some(id) => Ok(id.clone()),
            None => self.tx.resolve(name),
        }
    }

    fn note(&mut self, from: TaskId, to: TaskId, kind: EdgeKind) {
        self.across.push(Across { from, to, kind, at: self.at });
    }

    fn link_across(&mut self) -> Result<()> {
        /// For each task that a call may create.
        const LINKS: usize = 4;
        let most = LINKS.saturating_mul(self.cx.config.limits.tree_nodes);
        words::check_number("links", self.across.len(), most)?;
        let ways = Ways::default();
        for Across { from, to, kind, at } in take(&mut self.across) {
            self.at = at;
            linking::link(self.tx, self.cx, &ways, (&from, &to), &kind)?;
        }
        Ok(())
    }

    /// Adds the number of new open subtasks to each parent's counter.
    ///
    /// The counter is not recounted: with many calls for one parent, each would count all its subtasks.
    fn count_children(&mut self) -> Result<()> {
        for (parent, opened) in take(&mut self.opened) {
            self.tx.open_children(&parent, opened)?;
        }
        Ok(())
    }

    fn holds_children(&self) -> bool {
        self.kinds.child.as_ref().is_some_and(|kind| kind.rule.contains())
    }
}
