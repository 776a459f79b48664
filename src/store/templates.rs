//! Templates, and the tasks that were created from them.

use rusqlite::{OptionalExtension, Row, named_params};

use super::media::digest;
use super::names::likely;
use super::row::Json;
use super::tasks::{task, tasks_sql};
use super::{Page, Tx};
use crate::domain::{
    ProjectKey, Recipe, Task, TaskId, TaskRef, Template, TemplateName, Timestamp, Values, WorkerId,
};
use crate::error::{Error, Result};

/// A task that was created from a template and never begun.
#[derive(Clone, Debug)]
pub struct Instance {
    pub task: TaskId,
    /// The version of the template from which it was created.
    pub template: i64,
    /// The step of the template from which it was created; none for the whole template.
    pub step: Option<TaskRef>,
}

/// A template as a list shows it.
#[derive(Clone, Debug)]
pub struct TemplateRow {
    pub project: Option<ProjectKey>,
    pub name: TemplateName,
    pub version: i64,
    pub steps: usize,
}

/// Completes a statement that reads whole templates.
macro_rules! templates_sql {
    ($rest:literal) => {
        concat!(
            "select id, project, name, version, title, body, vars, steps, defaults, duplicates
            from templates ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Returns the newest version of a template, if there is one.
    pub fn template_if_known(
        &self,
        project: Option<ProjectKey>,
        name: &TemplateName,
    ) -> Result<Option<Template>> {
        const SQL: &str = templates_sql!(
            "where coalesce(project, 0) = coalesce(:project, 0) and name = :name
            order by version desc
            limit 1"
        );
        let keys = named_params! { ":project": project, ":name": name };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, template).optional()?)
    }

    /// Returns the template of this name for a project: its own, else the one for all projects.
    pub fn template_for(&self, project: Option<ProjectKey>, name: &TemplateName) -> Result<Template> {
        const NAMES: &str = "
            select distinct name
            from templates
            where coalesce(project, 0) in (0, :project)
            order by name
            limit 200";
        if let Some(own) = project.and_then(|own| self.template_if_known(Some(own), name).transpose()) {
            return own;
        }
        if let Some(for_all) = self.template_if_known(None, name)? {
            return Ok(for_all);
        }
        let mut statement = self.0.prepare_cached(NAMES)?;
        let rows = statement.query_map(named_params! { ":project": project }, |row| row.get(0))?;
        let names: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
        Err(Error::NotFound { what: "template", name: name.to_string(), near: likely(name.as_str(), names) })
    }

    /// Returns the template version with this id.
    pub fn template_of(&self, id: i64) -> Result<Template> {
        const SQL: &str = templates_sql!("where id = :id");
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":id": id }, template)?)
    }

    /// Adds a version of a template.
    pub fn add_template(&self, template: &Template, by: Option<&WorkerId>, now: Timestamp) -> Result<i64> {
        const SQL: &str = "
            insert into templates (project, name, version, title, body, vars, steps, defaults, duplicates,
                created_at, created_by)
            values (:project, :name, :version, :title, :body, :vars, :steps, :defaults, :duplicates,
                :now, :by)";
        let Template { id: _, project, name, version, recipe } = template;
        let Recipe { title, body, vars, steps, defaults, duplicates } = recipe;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":project": project,
            ":name": name,
            ":version": version,
            ":title": title,
            ":body": body,
            ":vars": Json(vars),
            ":steps": Json(steps),
            ":defaults": Json(defaults),
            ":duplicates": Json(duplicates),
            ":now": now,
            ":by": by,
        })?;
        Ok(self.0.last_insert_rowid())
    }

    /// Returns a page of the newest versions of all templates, by name, and their number.
    pub fn templates(&self, project: Option<ProjectKey>, page: Page) -> Result<(Vec<TemplateRow>, usize)> {
        const SQL: &str = "
            select project, name, max(version) as version, json_array_length(steps) as steps
            from templates
            where :project is null or coalesce(project, 0) in (0, :project)
            group by coalesce(project, 0), name
            order by name, coalesce(project, 0)
            limit :limit offset :offset";
        const COUNT: &str = "
            select count(*)
            from templates
            where version = 1 and (:project is null or coalesce(project, 0) in (0, :project))";
        let offset = page.offset() as i64;
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":project": project, ":limit": page.limit as i64, ":offset": offset };
        let rows = statement.query_map(keys, |row| {
            Ok(TemplateRow {
                project: row.get("project")?,
                name: row.get("name")?,
                version: row.get("version")?,
                steps: row.get::<_, i64>("steps")? as usize,
            })
        })?;
        let keys = named_params! { ":project": project };
        let total: i64 = self.0.prepare_cached(COUNT)?.query_row(keys, |row| row.get(0))?;
        Ok((rows.collect::<rusqlite::Result<_>>()?, total as usize))
    }

    /// Records the template from which a new task was created, and its values.
    pub fn set_instance(&self, instance: &Instance, values: Option<&Values>) -> Result<()> {
        const TASK: &str = "update tasks set template = :template where id = :task";
        const INSTANCE: &str = "
            insert into instances (task, step, vars)
            select n, :step, :vars from tasks where id = :task";
        let Instance { task, template, step } = instance;
        self.0.prepare_cached(TASK)?.execute(named_params! { ":task": task, ":template": template })?;
        self.0.prepare_cached(INSTANCE)?.execute(named_params! {
            ":task": task,
            ":step": step.as_ref().map(TaskRef::as_str),
            ":vars": values.map(Json),
        })?;
        Ok(())
    }

    /// Records that a task now matches another version of its template.
    pub fn set_template(&self, task: &TaskId, template: i64) -> Result<()> {
        const SQL: &str = "update tasks set template = :template where id = :task";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task, ":template": template })?;
        Ok(())
    }

    /// Returns the values with which a task was created, if it was created from a whole template.
    pub fn values_of(&self, task: &TaskId) -> Result<Option<Values>> {
        const SQL: &str = "
            select vars
            from tasks join instances on instances.task = n
            where id = :task and vars is not null";
        let found = self.0.prepare_cached(SQL)?.query_row(named_params! { ":task": task }, |row| row.get(0));
        Ok(found.optional()?.map(|Json(values)| values))
    }

    /// Returns the oldest tasks that were created from other versions of a template and never begun.
    pub fn pending_instances(&self, newest: &Template, most: usize) -> Result<Vec<Instance>> {
        const SQL: &str = "
            select id, template, step
            from tasks join instances on instances.task = n
            where template in (
                    select id from templates
                    where coalesce(project, 0) = coalesce(:project, 0) and name = :name and id <> :newest)
                and attempt = 0 and is_waiting and worker_id is null and deleted_at is null
            order by n
            limit :most";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! {
            ":project": newest.project, ":name": newest.name, ":newest": newest.id, ":most": most as i64,
        };
        let rows = statement.query_map(keys, |row| {
            let step: Option<String> = row.get("step")?;
            let step = step.map(|step| step.parse::<TaskRef>()).transpose();
            Ok((row.get("id")?, row.get("template")?, step))
        })?;
        let read = |row: rusqlite::Result<(TaskId, i64, Result<Option<TaskRef>, _>)>| {
            let (task, template, step) = row?;
            Ok(Instance {
                task,
                template,
                step: step.map_err(|bad: crate::domain::BadName| Error::internal(bad))?,
            })
        };
        rows.map(read).collect()
    }

    /// Returns the task that has a key, in any state.
    pub fn holder_of_key(&self, key: &str) -> Result<Option<Task>> {
        const SQL: &str = tasks_sql!("where unique_key = :key");
        let key = digest(key.as_bytes())?;
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":key": key }, task).optional()?)
    }

    /// Removes the key of a task.
    pub fn take_key(&self, task: &TaskId) -> Result<()> {
        const SQL: &str = "update tasks set unique_key = null where id = :task";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task })?;
        Ok(())
    }

    /// Gives a task a key that no task has.
    pub fn give_key(&self, task: &TaskId, key: &str) -> Result<()> {
        const SQL: &str = "update tasks set unique_key = :key where id = :task";
        let key = digest(key.as_bytes())?;
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task, ":key": key })?;
        Ok(())
    }
}

fn template(row: &Row<'_>) -> rusqlite::Result<Template> {
    Ok(Template {
        id: row.get("id")?,
        project: row.get("project")?,
        name: row.get("name")?,
        version: row.get("version")?,
        recipe: Recipe {
            title: row.get("title")?,
            body: row.get("body")?,
            vars: row.get::<_, Json<_>>("vars")?.0,
            steps: row.get::<_, Json<_>>("steps")?.0,
            defaults: row.get::<_, Json<_>>("defaults")?.0,
            duplicates: row.get::<_, Json<_>>("duplicates")?.0,
        },
    })
}
