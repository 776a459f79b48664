//! Schedules, and the tasks that they created.

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{OptionalExtension, Row, named_params};

use super::names::likely;
use super::row::Json;
use super::{Page, Tx};
use crate::domain::{
    Makes, Missed, Overlap, Rhythm, Schedule, ScheduleName, TaskId, TemplateName, Timestamp,
};
use crate::error::{Error, Result};

/// A due time of a schedule, and the task that was created for it.
#[derive(Clone, Debug)]
pub struct Firing {
    pub at: Timestamp,
    pub task: Option<TaskId>,
}

/// Completes a statement that reads whole schedules.
macro_rules! schedules_sql {
    ($rest:literal) => {
        concat!(
            "select name, template, vars, task, parent, cron, zone, missed, overlap, next_at, last_at, problem,
                failures, retry_at
            from schedules ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Returns the schedule of this name, if there is one.
    pub fn schedule_if_known(&self, name: &ScheduleName) -> Result<Option<Schedule>> {
        const SQL: &str = schedules_sql!("where name = :name");
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":name": name }, schedule).optional()?)
    }

    /// Returns the schedule of this name, or refuses the name with those that are similar.
    pub fn schedule_named(&self, name: &ScheduleName) -> Result<Schedule> {
        const NAMES: &str = "select name from schedules order by name limit 200";
        if let Some(schedule) = self.schedule_if_known(name)? {
            return Ok(schedule);
        }
        let mut statement = self.0.prepare_cached(NAMES)?;
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Err(Error::NotFound { what: "schedule", name: name.to_string(), near: likely(name.as_str(), names) })
    }

    /// Returns the schedule that is due for the longest time.
    pub fn due_schedule(&self, now: Timestamp) -> Result<Option<Schedule>> {
        const SQL: &str = schedules_sql!("where due_at <= :now order by due_at limit 1");
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":now": now }, schedule).optional()?)
    }

    /// Returns the schedules that are not paused.
    pub fn active_schedules(&self) -> Result<Vec<Schedule>> {
        const SQL: &str = schedules_sql!("where next_at is not null order by name");
        let mut statement = self.0.prepare_cached(SQL)?;
        Ok(statement.query_map([], schedule)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the active schedules that use a template of this name.
    pub fn schedules_of(&self, template: &TemplateName, most: usize) -> Result<Vec<Schedule>> {
        const SQL: &str =
            schedules_sql!("where template = :template and next_at is not null order by name limit :most");
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":template": template, ":most": most as i64 };
        Ok(statement.query_map(keys, schedule)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a page of the schedules by name, and their number.
    pub fn schedules(&self, page: Page) -> Result<(Vec<Schedule>, usize)> {
        const SQL: &str = schedules_sql!("order by name limit :limit offset :offset");
        const COUNT: &str = "select count(*) from schedules";
        let offset = page.offset() as i64;
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":limit": page.limit as i64, ":offset": offset };
        let found = statement.query_map(keys, schedule)?.collect::<rusqlite::Result<_>>()?;
        let total: i64 = self.0.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?;
        Ok((found, total as usize))
    }

    /// Stores a schedule, new or changed.
    pub fn put_schedule(&self, schedule: &Schedule) -> Result<()> {
        const SQL: &str = "
            insert into schedules (name, template, vars, task, parent, cron, zone, missed, overlap, next_at,
                last_at, problem, failures, retry_at)
            values (:name, :template, :vars, :task, :parent, :cron, :zone, :missed, :overlap, :next_at,
                :last_at, :problem, :failures, :retry_at)
            on conflict (name) do update set
                template = :template, vars = :vars, task = :task, parent = :parent, cron = :cron,
                zone = :zone, missed = :missed, overlap = :overlap, next_at = :next_at, last_at = :last_at,
                problem = :problem, failures = :failures, retry_at = :retry_at";
        let Schedule { name, makes, parent, rhythm, missed, overlap, next_at, last_at, .. } = schedule;
        let Schedule { problem, failures, retry_at, .. } = schedule;
        let (template, vars, task) = match makes {
            Makes::Template { name, vars } => (Some(name), Some(Json(vars)), None),
            Makes::Task(task) => (None, None, Some(Json(task))),
        };
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":name": name,
            ":template": template,
            ":vars": vars,
            ":task": task,
            ":parent": parent,
            ":cron": rhythm.text,
            ":zone": rhythm.zone.to_string(),
            ":missed": missed.as_str(),
            ":overlap": overlap.as_str(),
            ":next_at": next_at,
            ":last_at": last_at,
            ":problem": problem,
            ":failures": failures,
            ":retry_at": retry_at,
        })?;
        Ok(())
    }

    /// Deletes a schedule. The tasks that it created stay.
    pub fn remove_schedule(&self, name: &ScheduleName) -> Result<()> {
        const SQL: &str = "delete from schedules where name = :name";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":name": name })?;
        Ok(())
    }

    /// Records a due time of a schedule; returns false if it was recorded before.
    pub fn add_firing(&self, name: &ScheduleName, at: Timestamp) -> Result<bool> {
        const SQL: &str = "
            insert into firings (schedule, at)
            select n, :at from schedules where name = :name
            on conflict do nothing";
        Ok(self.0.prepare_cached(SQL)?.execute(named_params! { ":name": name, ":at": at })? == 1)
    }

    /// Records the task that was created for a due time.
    pub fn set_fired(&self, name: &ScheduleName, at: Timestamp, task: &TaskId) -> Result<()> {
        const SQL: &str = "
            update firings
            set task = (select n from tasks where id = :task)
            where schedule = (select n from schedules where name = :name) and at = :at";
        let keys = named_params! { ":name": name, ":at": at, ":task": task };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    /// Returns the last due times of a schedule, the newest first.
    pub fn firings(&self, name: &ScheduleName, most: usize) -> Result<Vec<Firing>> {
        const SQL: &str = "
            select at, (select id from tasks where n = firings.task) as id
            from firings
            where schedule = (select n from schedules where name = :name)
            order by at desc
            limit :most";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":name": name, ":most": most as i64 };
        let rows = statement.query_map(keys, |row| Ok(Firing { at: row.get(0)?, task: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the last task that a schedule created, if the task still exists.
    pub fn last_fired(&self, name: &ScheduleName) -> Result<Option<TaskId>> {
        // A clock that was ahead may have created tasks for times in the future.
        const SQL: &str = "
            select id
            from (
                select task
                from firings
                where schedule = (select n from schedules where name = :name) and task is not null
                order by at desc
                limit 100
            ) join tasks on tasks.n = task
            order by n desc
            limit 1";
        Ok(self
            .0
            .prepare_cached(SQL)?
            .query_row(named_params! { ":name": name }, |row| row.get(0))
            .optional()?)
    }
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    let fault = |at: usize, error: String| {
        rusqlite::Error::FromSqlConversionFailure(at, Type::Text, FromSqlError::Other(error.into()).into())
    };
    let makes = match (row.get(1)?, row.get::<_, Option<Json<_>>>(2)?, row.get::<_, Option<Json<_>>>(3)?) {
        (Some(name), Some(Json(vars)), _) => Makes::Template { name, vars },
        (_, _, Some(Json(task))) => Makes::Task(task),
        _ => return Err(fault(1, "it makes nothing".into())),
    };
    let zone = row.get::<_, String>(6)?.parse().map_err(|error| fault(6, error))?;
    let missed = match row.get_ref(7)?.as_str()? {
        "one" => Missed::One,
        "skip" => Missed::Skip,
        "all" => Missed::All,
        other => return Err(fault(7, format!("`{other}`"))),
    };
    let overlap = match row.get_ref(8)?.as_str()? {
        "allow" => Overlap::Allow,
        "skip" => Overlap::Skip,
        other => return Err(fault(8, format!("`{other}`"))),
    };
    Ok(Schedule {
        name: row.get(0)?,
        makes,
        parent: row.get(4)?,
        rhythm: Rhythm::new(&row.get::<_, String>(5)?, zone).map_err(|error| fault(5, error))?,
        missed,
        overlap,
        next_at: row.get(9)?,
        last_at: row.get(10)?,
        problem: row.get(11)?,
        failures: row.get(12)?,
        retry_at: row.get(13)?,
    })
}
