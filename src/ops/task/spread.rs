//! Tasks given as a table (`columns` and `rows`), and fields that a list shares.

use super::create::Create;
use super::words;
use crate::config::{Config, Limits};
use crate::domain::TaskRef;
use crate::error::{Error, Misfit, Result};
use crate::ops::rows::{self, Cell};

/// The columns that a table may have.
const COLUMNS: &[&str] = &[
    "title",
    "description",
    "id",
    "parent",
    "blocked_by",
    "blocks",
    "priority",
    "tags",
    "needed_tags",
    "wanted_tags",
    "phase",
    "workflow",
    "points",
    "time_estimate_ms",
    "label",
    "files",
    "not_before",
    "job",
    "ref",
    "tasks",
];

/// The columns that identify a task; a table needs one of them.
const NAMING: [&str; 3] = ["title", "description", "ref"];

impl Create {
    /// Turns rows into tasks, here and in all subtasks. A row that cannot be read leaves an empty task and is returned.
    pub fn spread(&mut self, limits: &Limits) -> Result<Vec<Misfit>> {
        let mut misfits = Vec::new();
        for (at, task) in self.tasks.iter_mut().enumerate() {
            if task.partial || task.return_ids {
                return Err(Error::input("`partial` and `return_ids` are for the whole call", ""));
            }
            let below = task.spread(limits)?.into_iter();
            misfits.extend(below.map(|misfit| misfit.within("tasks", at)));
        }
        if self.columns.is_empty() && self.rows.is_empty() {
            return Ok(misfits);
        }
        self.check_table(limits)?;
        let rows = std::mem::take(&mut self.rows);
        for read in rows::read(&self.columns, rows, Self::set) {
            let (task, misfit) = match read {
                Ok(task) => (task, None),
                Err(misfit) => (Self::default(), Some(misfit)),
            };
            self.tasks.push(task);
            misfits.extend(misfit);
        }
        self.columns.clear();
        Ok(misfits)
    }

    fn check_table(&self, limits: &Limits) -> Result<()> {
        if self.columns.is_empty() || self.rows.is_empty() {
            return Err(Error::input(
                "`columns` and `rows` belong together",
                r#"as in columns=["title","priority"], rows=[["Write it",7],["Test it",5]]"#,
            ));
        }
        if !self.tasks.is_empty() {
            return Err(Error::input(
                "the tasks are given twice: as `tasks` and as `rows`",
                "make two calls",
            ));
        }
        rows::check_columns(&self.columns, COLUMNS)?;
        if !self.columns.iter().any(|column| NAMING.contains(&column.as_str())) {
            let hint = format!("columns are {}", crate::domain::listed(COLUMNS));
            return Err(Error::input("there is no column `title`", hint));
        }
        words::check_number("rows", self.rows.len(), limits.ids)
    }

    fn set(&mut self, column: &str, cell: Cell) -> Result<()> {
        match column {
            "title" => self.title = Some(cell.one()?),
            "description" => self.description = Some(cell.one()?),
            "id" => self.id = Some(cell.one()?),
            "parent" => self.parent = Some(cell.one()?),
            "blocked_by" => self.blocked_by = cell.list()?,
            "blocks" => self.blocks = cell.list()?,
            "priority" => self.priority = Some(cell.number()?),
            "tags" => self.tags = cell.list()?,
            "needed_tags" => self.needed_tags = cell.list()?,
            "wanted_tags" => self.wanted_tags = cell.list()?,
            "phase" => self.phase = Some(cell.one()?),
            "workflow" => self.workflow = Some(cell.one()?),
            "points" => self.points = Some(cell.number()?),
            "time_estimate_ms" => self.time_estimate_ms = Some(cell.number()?),
            "label" => self.label = Some(cell.one()?),
            "files" => self.files = cell.list()?,
            "not_before" => self.not_before = Some(cell.one()?),
            "job" => self.job = Some(cell.object()?),
            "ref" => self.existing = Some(cell.one()?),
            "tasks" => self.tasks = cell.list()?,
            other => return Err(Error::internal(format!("the column `{other}` is not read"))),
        }
        Ok(())
    }

    /// Copies the fields of a list to each of its tasks, where the task has no value of its own.
    pub fn share(&mut self, config: &Config) -> Result<()> {
        if self.id.is_some() || self.label.is_some() || self.existing.is_some() || !self.files.is_empty() {
            return Err(Error::input(
                "a list of tasks has no `id`, `label`, `ref` or `files` of its own",
                "put them on each of the tasks, or give a `title` for a task that contains them",
            ));
        }
        words::check_copies(config, self.shared_bytes().saturating_mul(self.tasks.len()))?;
        let mut tasks = std::mem::take(&mut self.tasks);
        for task in &mut tasks {
            task.inherit(self);
        }
        self.tasks = tasks;
        Ok(())
    }

    /// Returns how many bytes of text the list copies to each of its tasks.
    fn shared_bytes(&self) -> usize {
        let tags = [&self.tags, &self.needed_tags, &self.wanted_tags].into_iter().flatten();
        let names = [&self.blocked_by, &self.blocks].into_iter().flatten();
        let fatal = self.job.iter().flat_map(|job| &job.fatal);
        tags.map(|tag| tag.as_str().len()).sum::<usize>()
            + names.map(|name| name.as_str().len()).sum::<usize>()
            + fatal.map(|class| class.as_str().len()).sum::<usize>()
    }

    fn inherit(&mut self, common: &Self) {
        self.priority = self.priority.or(common.priority);
        self.points = self.points.or(common.points);
        self.time_estimate_ms = self.time_estimate_ms.or(common.time_estimate_ms);
        if self.phase.is_none() {
            self.phase.clone_from(&common.phase);
        }
        if self.parent.is_none() {
            self.parent = common.parent.clone().filter(TaskRef::is_none);
        }
        if self.workflow.is_none() {
            self.workflow.clone_from(&common.workflow);
        }
        self.not_before = self.not_before.or(common.not_before);
        self.job = match (self.job.take(), &common.job) {
            (Some(own), Some(common)) => Some(own.or(common)),
            (own, common) => own.or_else(|| common.clone()),
        };
        self.tags.extend(common.tags.iter().cloned());
        self.needed_tags.extend(common.needed_tags.iter().cloned());
        self.wanted_tags.extend(common.wanted_tags.iter().cloned());
        self.blocked_by.extend(common.blocked_by.iter().cloned());
        self.blocks.extend(common.blocks.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_column_is_one_that_a_task_takes() {
        let read = |column: &str| {
            let cell = match column {
                "tasks" => json!([{ "title": "1" }]),
                "job" => json!({ "max_retries": 1 }),
                "not_before" => json!("1m"),
                _ => json!("1"),
            };
            Create::default().set(column, Cell(cell))
        };

        for column in COLUMNS {
            assert!(read(column).is_ok(), "{column}");
        }
        assert!(read("other").is_err());
    }
}
