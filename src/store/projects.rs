//! Projects and their tasks.

use rusqlite::{OptionalExtension, Row, named_params};

use super::names::likely;
use super::row::Json;
use super::{Page, Tx};
use crate::domain::{Project, ProjectKey, ProjectName, ProjectState, TaskId};
use crate::error::{Error, Result};

/// A project as a list shows it.
#[derive(Clone, Debug)]
pub struct ProjectRow {
    pub key: ProjectKey,
    pub name: ProjectName,
    pub state: ProjectState,
}

impl Tx<'_> {
    /// Returns a project.
    pub fn project(&self, key: ProjectKey) -> Result<Project> {
        const SQL: &str = "
            select task, name, instructions, revision, defaults, state
            from projects
            where task = :key";
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":key": key }, project)?)
    }

    /// Returns the project of this name, if there is one.
    pub fn project_if_known(&self, name: &ProjectName) -> Result<Option<Project>> {
        const SQL: &str = "
            select task, name, instructions, revision, defaults, state
            from projects
            where name = :name";
        let found = self.0.prepare_cached(SQL)?.query_row(named_params! { ":name": name }, project);
        Ok(found.optional()?)
    }

    /// Returns the project of this name, or refuses the name with those that are similar.
    pub fn project_named(&self, name: &ProjectName) -> Result<Project> {
        const NAMES: &str = "select name from projects order by name limit 200";
        if let Some(project) = self.project_if_known(name)? {
            return Ok(project);
        }
        let mut statement = self.0.prepare_cached(NAMES)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        let names: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
        Err(Error::NotFound { what: "project", name: name.to_string(), near: likely(name.as_str(), names) })
    }

    /// Returns the state of a project, which allows or forbids claims and changes.
    pub fn project_state(&self, key: ProjectKey) -> Result<ProjectState> {
        const SQL: &str = "select state from projects where task = :key";
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":key": key }, |row| row.get(0))?)
    }

    /// Returns a project's own task.
    pub fn project_task(&self, key: ProjectKey) -> Result<TaskId> {
        const SQL: &str = "select id from tasks where n = :key";
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":key": key }, |row| row.get(0))?)
    }

    /// Makes a new task without a parent the own task of a new project.
    pub fn found_project(&self, task: &TaskId, name: &ProjectName) -> Result<ProjectKey> {
        const KEY: &str = "select n from tasks where id = :task";
        const PROJECT: &str = "insert into projects (task, name) values (:key, :name)";
        const TASK: &str = "update tasks set project = n where n = :key";
        let key = self.0.prepare_cached(KEY)?.query_row(named_params! { ":task": task }, |row| row.get(0))?;
        self.0.prepare_cached(PROJECT)?.execute(named_params! { ":key": key, ":name": name })?;
        self.0.prepare_cached(TASK)?.execute(named_params! { ":key": key })?;
        Ok(key)
    }

    /// Stores the changed fields of a project.
    pub fn put_project(&self, project: &Project) -> Result<()> {
        const SQL: &str = "
            update projects
            set instructions = :instructions, revision = :revision, defaults = :defaults, state = :state
            where task = :key";
        let Project { key, name: _, instructions, revision, defaults, state } = project;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":key": key,
            ":instructions": instructions,
            ":revision": revision,
            ":defaults": Json(defaults),
            ":state": state,
        })?;
        Ok(())
    }

    /// Returns a page of the projects that were not deleted, by name, and their number.
    pub fn projects(&self, closed_too: bool, page: Page) -> Result<(Vec<ProjectRow>, usize)> {
        const SQL: &str = "
            select task, name, state
            from projects join tasks on n = task
            where deleted_at is null and (:closed_too or state <> 'closed')
            order by name
            limit :limit offset :offset";
        const COUNT: &str = "
            select count(*)
            from projects join tasks on n = task
            where deleted_at is null and (:closed_too or state <> 'closed')";
        let offset = page.offset() as i64;
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys =
            named_params! { ":closed_too": closed_too, ":limit": page.limit as i64, ":offset": offset };
        let rows = statement.query_map(keys, |row| {
            Ok(ProjectRow { key: row.get("task")?, name: row.get("name")?, state: row.get("state")? })
        })?;
        let keys = named_params! { ":closed_too": closed_too };
        let total: i64 = self.0.prepare_cached(COUNT)?.query_row(keys, |row| row.get(0))?;
        Ok((rows.collect::<rusqlite::Result<_>>()?, total as usize))
    }

    /// Updates the project of a task, and of all tasks under it, after its parent changed.
    pub fn recount_project(&self, id: &TaskId) -> Result<()> {
        const HERE: &str = "
            select project, project is n, (
                select parent.project
                from dependencies cross join tasks as parent on parent.id = from_task_id
                where to_task_id = :id and vertical = 1)
            from tasks
            where id = :id";
        const SQL: &str = "
            with recursive under (id) as (
                values (:id)
                union all
                select to_task_id
                from under join dependencies on from_task_id = under.id and vertical = 1
            )
            update tasks
            set project = :project
            where id in (select id from under)";
        let (before, is_own, above): (Option<ProjectKey>, bool, Option<ProjectKey>) = self
            .0
            .prepare_cached(HERE)?
            .query_row(named_params! { ":id": id }, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if !is_own && before != above {
            self.0.prepare_cached(SQL)?.execute(named_params! { ":id": id, ":project": above })?;
        }
        Ok(())
    }
}

fn project(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        key: row.get("task")?,
        name: row.get("name")?,
        instructions: row.get("instructions")?,
        revision: row.get("revision")?,
        defaults: row.get::<_, Json<_>>("defaults")?.0,
        state: row.get("state")?,
    })
}
