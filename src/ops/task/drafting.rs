//! The draft of a new task: a request checked against the project's settings and defaults.

use super::create::Create;
use super::words;
use crate::Context;
use crate::domain::{Defaults, Demand, JobDraft, JobSettings, TaskDraft, TaskId, Title, When};
use crate::error::{Error, Result};
use crate::ops::job::setting;

/// Returns the draft of a task, or refuses fields that the project does not allow.
pub fn draft(cx: &Context, task: &Create, id: &TaskId, project: Option<&Defaults>) -> Result<TaskDraft> {
    let said = said(task).or(project.unwrap_or(&Defaults::default()));
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
    let workflow = said.workflow.as_ref().unwrap_or(own);
    if let Some(phase) = &said.phase {
        words::check_phase(cx, cx.workflow(workflow)?, phase)?;
    }
    words::check_tags(cx, task.tags.iter().chain(&task.needed_tags).chain(&task.wanted_tags))?;
    Ok(TaskDraft {
        id: id.clone(),
        title: title.0,
        description: task.description.as_ref().map(|text| text.0.clone()),
        workflow: workflow.clone(),
        phase: said.phase,
        priority: said.priority.unwrap_or_default(),
        demand: Demand { needed: said.needed_tags, wanted: said.wanted_tags },
        tags: said.tags,
        points: task.points,
        time_estimate_ms: task.time_estimate_ms,
        job: job(cx, said.job, task.not_before)?,
    })
}

/// Returns the job settings of a task, if it has any.
fn job(cx: &Context, settings: Option<JobSettings>, not_before: Option<When>) -> Result<Option<JobDraft>> {
    if settings.is_none() && not_before.is_none() {
        return Ok(None);
    }
    let settings = settings.unwrap_or_default();
    setting::check(&settings)?;
    let not_before = not_before.map(|when| when.from(cx.now)).filter(|then| *then > cx.now);
    Ok(Some(JobDraft { settings, not_before }))
}

/// Returns the fields of a task for which a project may have defaults.
fn said(task: &Create) -> Defaults {
    Defaults {
        priority: task.priority,
        tags: task.tags.clone(),
        needed_tags: task.needed_tags.clone(),
        wanted_tags: task.wanted_tags.clone(),
        phase: task.phase.clone(),
        workflow: task.workflow.clone(),
        job: task.job.clone(),
    }
}
