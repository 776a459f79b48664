//! Filters of task lists; all of them can be combined.

use rusqlite::ToSql;

use super::queues::Queue;
use super::row::Json;
use crate::domain::{Phase, Standing, Status, Tag, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// Selects the tasks of a list. A field without a value filters nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub statuses: Option<Vec<Status>>,
    pub standing: Option<Standing>,
    pub owner: Option<WorkerId>,
    pub place: Place,
    pub phase: Option<Phase>,
    pub tags_any: Option<Vec<Tag>>,
    pub tags_all: Option<Vec<Tag>>,
    /// Only tasks in these queues.
    pub queues: Option<Vec<Queue>>,
    /// Only tasks that ended in this period.
    pub ended: Option<Period>,
}

/// A period that includes both its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The part of the tree that a list covers.
#[derive(Clone, Debug, Default)]
pub enum Place {
    #[default]
    Anywhere,
    /// Tasks without a parent.
    Roots,
    Children(TaskId),
    Under(TaskId),
}

/// The condition that the project of a task allows claims.
macro_rules! goes_on {
    () => {
        "not exists (
            select 1 from projects where projects.task = tasks.project and state <> 'active')"
    };
}
pub(super) use goes_on;

/// The conditions that every list puts on its tasks.
macro_rules! filters {
    () => {
        concat!(
            "deleted_at is null
            and (:statuses is null or status in (select value from json_each(:statuses)))
            and (:standing is null or standing = :standing)
            and (:standing is not 'ready' or ",
            super::filter::goes_on!(),
            ")
            and (:owner is null or worker_id = :owner)
            and (:phase is null or phase = :phase)
            and (:ended_from is null or completed_at between :ended_from and :ended_to)
            and (:queues is null or queue in (select value from json_each(:queues)))
            and (:tags_any is null or exists (
                select 1 from task_tags
                where task_id = tasks.id and tag in (select value from json_each(:tags_any))))
            and (:tags_all is null or not exists (
                select 1 from json_each(:tags_all) as wanted
                where not exists (
                    select 1 from task_tags where task_id = tasks.id and tag = wanted.value)))
            and (not :roots or not exists (
                select 1 from dependencies where to_task_id = tasks.id and vertical = 1))
            and (:parent is null or exists (
                select 1 from dependencies
                where to_task_id = tasks.id and from_task_id = :parent and vertical = 1))
            and (:above is null or exists (
                with recursive up (id) as (
                    select tasks.id
                    union
                    select from_task_id from up join dependencies on to_task_id = up.id and vertical = 1
                )
                select 1 from up where id = :above and id <> tasks.id))"
        )
    };
}
pub(super) use filters;

impl Filter {
    pub(super) fn is_of_queues_only(&self) -> bool {
        let Self { statuses, standing: _, owner, place, phase, tags_any, tags_all, queues: _, ended } = self;
        statuses.is_none()
            && owner.is_none()
            && matches!(place, Place::Anywhere)
            && phase.is_none()
            && tags_any.is_none()
            && tags_all.is_none()
            && ended.is_none()
    }

    pub(super) fn is_of_states_only(&self) -> bool {
        self.queues.is_none() && Self { statuses: None, ..self.clone() }.is_of_queues_only()
    }

    /// Calls `body` with the filter's values, named as the statements name their parameters.
    pub(super) fn with_names<T>(
        &self,
        extra: &[(&str, &dyn ToSql)],
        body: impl FnOnce(&[(&str, &dyn ToSql)]) -> Result<T>,
    ) -> Result<T> {
        let Self { statuses, standing, owner, place, phase, tags_any, tags_all, queues, ended } = self;
        let (roots, parent, above) = match place {
            Place::Anywhere => (false, None, None),
            Place::Roots => (true, None, None),
            Place::Children(parent) => (false, Some(parent), None),
            Place::Under(above) => (false, None, Some(above)),
        };
        let (ended_from, ended_to) = (ended.map(|period| period.from), ended.map(|period| period.to));
        let statuses = statuses.as_ref().map(Json);
        let tags_any = tags_any.as_ref().map(Json);
        let tags_all = tags_all.as_ref().map(Json);
        let spellings =
            |queues: &Vec<Queue>| queues.iter().map(|queue| queue.spelling().to_owned()).collect::<Vec<_>>();
        let queues = queues.as_ref().map(|queues| Json(spellings(queues)));
        let mut names: Vec<(&str, &dyn ToSql)> = vec![
            (":statuses", &statuses),
            (":standing", standing),
            (":owner", owner),
            (":phase", phase),
            (":queues", &queues),
            (":ended_from", &ended_from),
            (":ended_to", &ended_to),
            (":tags_any", &tags_any),
            (":tags_all", &tags_all),
            (":roots", &roots),
            (":parent", &parent),
            (":above", &above),
        ];
        names.extend_from_slice(extra);
        body(&names)
    }
}
