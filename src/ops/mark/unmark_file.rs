use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Files;
use super::marking::{self, Conflict};
use crate::domain::{Mark, MarkPath, Reason, TaskId, TaskRef, WorkerId};
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation, Staging};
use crate::store::{Because, Tx};
use crate::{Context, Effect};

/// Release files you marked or wait for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmarkFile {
    /// `*`: all of yours.
    #[serde(default)]
    file: Files,
    task: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    reason: Option<Reason>,
    /// Others' too.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    force: bool,
}

#[derive(Default, Serialize)]
pub struct Unmarked {
    unmarked: Vec<MarkPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmarked_total: Option<usize>,
    /// The files that the caller no longer waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withdrawn: Vec<MarkPath>,
    /// Marks of other workers, which stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_yours: Vec<Conflict>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_marked: Vec<MarkPath>,
}

impl Operation for UnmarkFile {
    const NAME: &'static str = "unmark_file";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["file…"];

    type Output = Unmarked;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.file.locate(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Unmarked> {
        let task = self.task.as_ref().map(|task| tx.resolve(task)).transpose()?;
        let worker = &cx.actor()?.id;
        let mut unmarking = Unmarking { asked: self, tx, cx, worker, came: Unmarked::default() };
        match (&task, self.file.is_empty(), self.file.is_star()) {
            (None, true, _) => {
                return Err(Error::input(
                    "`unmark_file` needs `file` or `task`",
                    "`*` is everything of yours",
                ));
            }
            (None, _, true) => unmarking.everything()?,
            (Some(task), true, _) | (Some(task), _, true) => unmarking.all_for(task)?,
            (task, false, false) => {
                for file in self.file.paths() {
                    unmarking.one(file, task.as_ref())?;
                }
            }
        }
        Ok(unmarking.came.shortened())
    }
}

/// A request in progress.
struct Unmarking<'a> {
    asked: &'a UnmarkFile,
    tx: &'a Tx<'a>,
    cx: &'a Context<'a>,
    worker: &'a WorkerId,
    came: Unmarked,
}

impl Unmarking<'_> {
    fn everything(&mut self) -> Result<()> {
        self.release(self.tx.marks_of(self.worker)?)?;
        for want in self.tx.wants_of(self.worker)? {
            self.withdraw(&want.file)?;
        }
        Ok(())
    }

    fn all_for(&mut self, task: &TaskId) -> Result<()> {
        let others = self.release(self.tx.marks_for(task)?)?;
        self.not_yours(None, others);
        Ok(())
    }

    fn one(&mut self, file: &MarkPath, task: Option<&TaskId>) -> Result<()> {
        let mut marks = marks_meant_by(self.tx, file)?;
        marks.retain(|mark| task.is_none() || mark.task.as_ref() == task);
        let known = marks.len();
        let others = self.release(marks)?;
        let withdrawn = self.withdraw(file)?;
        if known == 0 && !withdrawn {
            self.came.not_marked.push(file.clone());
        } else if known == others.len() && !withdrawn {
            self.not_yours(Some(file), others);
        }
        Ok(())
    }

    /// Removes the marks that the caller may remove; returns the others.
    fn release(&mut self, marks: Vec<Mark>) -> Result<Vec<Mark>> {
        let mut others = Vec::new();
        for mark in marks {
            let cause = match (mark.worker == *self.worker, self.asked.force) {
                (true, _) => "unmark_file",
                (false, true) => "force",
                (false, false) => {
                    others.push(mark);
                    continue;
                }
            };
            marking::release(self.tx, &mark, &self.because(cause))?;
            self.came.unmarked.push(mark.file);
        }
        Ok(others)
    }

    /// Withdraws the caller's want of a file; returns true if there was one.
    fn withdraw(&mut self, file: &MarkPath) -> Result<bool> {
        let withdrawn = marking::withdraw(self.tx, file, self.worker, &self.because("unmark_file"))?;
        if withdrawn {
            self.came.withdrawn.push(file.clone());
        }
        Ok(withdrawn)
    }

    fn not_yours(&mut self, file: Option<&MarkPath>, others: Vec<Mark>) {
        for mark in others {
            let file = file.unwrap_or(&mark.file).clone();
            self.came.not_yours.push(Conflict::of(&file, mark, self.cx));
        }
    }

    fn because(&self, cause: &'static str) -> Because<'_> {
        self.cx.because(cause).for_reason(self.asked.reason.as_ref().map(Reason::as_str))
    }
}

/// Returns the marks that a name may mean: the mark on it, and those on files that a pattern covers.
fn marks_meant_by(tx: &Tx, file: &MarkPath) -> Result<Vec<Mark>> {
    if file.is_pattern() {
        let mut near = tx.marks_near(file)?;
        near.retain(|mark| mark.file == *file || !mark.file.is_pattern() && mark.file.overlaps(file));
        return Ok(near);
    }
    if let Some(mark) = tx.mark_on(file)? {
        return Ok(vec![mark]);
    }
    // A folder that was deleted since it was marked is not recognized as one.
    match format!("{file}/**").parse() {
        Ok(folder) => Ok(tx.mark_on(&folder)?.into_iter().collect()),
        Err(_) => Ok(Vec::new()),
    }
}

impl Unmarked {
    fn shortened(mut self) -> Self {
        const NAMED: usize = 20;
        const OTHERS: usize = 8;
        self.unmarked_total = Some(self.unmarked.len()).filter(|total| *total > NAMED);
        for names in [&mut self.unmarked, &mut self.withdrawn, &mut self.not_marked] {
            names.truncate(NAMED);
        }
        self.not_yours.truncate(OTHERS);
        self
    }
}
