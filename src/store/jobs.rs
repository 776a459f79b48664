//! The settings and counters of jobs, and the times at which they are due.

use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{OptionalExtension, Row, named_params};

use super::Tx;
use super::row::Json;
use crate::domain::{
    Awake, ErrorClass, Group, GroupKey, Job, JobDraft, Retries, Sign, Task, TaskId, Timestamp, Withheld,
};
use crate::error::Result;

/// The reason why an unblocked task is not handed out, as its row stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Nothing = 0,
    /// Its start time has not come.
    Time = 1,
    /// Its group has no room for it.
    Turn = 2,
}

impl Hold {
    pub fn of(draft: &JobDraft) -> Self {
        match (draft.not_before, &draft.settings.group) {
            (Some(_), _) => Self::Time,
            (None, Some(_)) => Self::Turn,
            (None, None) => Self::Nothing,
        }
    }
}

impl ToSql for Hold {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

/// How an earlier attempt at a task ended.
#[derive(Clone, Debug)]
pub struct EarlierTry {
    pub attempt: i64,
    pub outcome: Option<String>,
    pub reason: Option<String>,
    pub error_class: Option<String>,
}

impl Tx<'_> {
    /// Returns the job data of a task, if it is a job.
    pub fn job(&self, task: &TaskId) -> Result<Option<Job>> {
        const SQL: &str = "
            select max_retries, backoff, lease_ms, failures, losses, not_before, lease_until, lease_boot,
                lease_awake_ms
            from jobs
            where task_id = :task";
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":task": task }, job).optional()?)
    }

    /// Stores the job data of a new task.
    pub(super) fn add_job(&self, task: &TaskId, draft: &JobDraft) -> Result<()> {
        let JobDraft { settings, not_before } = draft;
        let job = Job { not_before: *not_before, ..Job::default().with(settings) };
        self.write_job(task, &job)?;
        match &settings.group {
            Some(group) => self.set_group_limit(group, settings.group_limit),
            None => Ok(()),
        }
    }

    /// Stores the job data of a task, which becomes a job.
    ///
    /// [`hold_until`](Self::hold_until) applies its start time.
    pub fn put_job(&self, task: &Task, job: &Job) -> Result<()> {
        const SQL: &str = "update tasks set is_job = 1 where id = :task";
        self.write_job(&task.id, job)?;
        if !task.is_job {
            self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task.id })?;
        }
        Ok(())
    }

    fn write_job(&self, task: &TaskId, job: &Job) -> Result<()> {
        const SQL: &str = "
            insert into jobs (task_id, max_retries, backoff, lease_ms, failures, losses, not_before, lease_until,
                lease_boot, lease_awake_ms)
            values (:task, :most, :backoff, :lease, :failures, :losses, :not_before, :lease_until,
                :boot, :awake)
            on conflict (task_id) do update set
                max_retries = :most, backoff = :backoff, lease_ms = :lease, failures = :failures,
                losses = :losses, not_before = :not_before, lease_until = :lease_until,
                lease_boot = :boot, lease_awake_ms = :awake";
        let Job { max_retries, backoff, lease, failures, losses, not_before, lease_until, lease_awake } = job;
        let backoff = Some(backoff).filter(|backoff| **backoff != Retries::default().backoff);
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":task": task,
            ":most": max_retries,
            ":backoff": backoff.map(Json),
            ":lease": lease,
            ":failures": failures,
            ":losses": losses,
            ":not_before": not_before,
            ":lease_until": lease_until,
            ":boot": lease_awake.as_ref().map(|awake| awake.boot.as_ref()),
            ":awake": lease_awake.as_ref().map(|awake| awake.millis),
        })?;
        Ok(())
    }

    /// Withholds a job until `then`; without a time, releases it now.
    pub fn hold_until(&self, task: &Task, then: Option<Timestamp>) -> Result<()> {
        const JOB: &str = "update jobs set not_before = :then where task_id = :task";
        const TASK: &str = "update tasks set withheld = :hold where id = :task";
        let hold = match (then, &task.group) {
            (Some(_), _) => Hold::Time,
            (None, Some(_)) => Hold::Turn,
            (None, None) => Hold::Nothing,
        };
        self.0.prepare_cached(JOB)?.execute(named_params! { ":task": task.id, ":then": then })?;
        self.0.prepare_cached(TASK)?.execute(named_params! { ":task": task.id, ":hold": hold })?;
        match &task.group {
            Some(group) => self.unsettle(group),
            None => Ok(()),
        }
    }

    /// Returns the next time at which work is due: a job may start, its lease expires, or a schedule makes a task.
    pub fn next_due(&self) -> Result<Option<Timestamp>> {
        const SQL: &str = "
            select coalesce(min(job, schedule), job, schedule)
            from (
                select
                    (select min(due_at) from jobs where due_at is not null) as job,
                    (select min(due_at) from schedules where due_at is not null) as schedule
            )";
        Ok(self.0.prepare_cached(SQL)?.query_row([], |row| row.get(0))?)
    }

    /// Returns jobs that are due, the earliest first. Leases of this machine are compared by the clock that does
    /// not run during sleep, as [`Job::is_overdue`] does.
    pub fn due(&self, now: &Sign, most: usize) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select task_id
            from jobs
            where due_at <= :now
                and (lease_until is null or lease_boot is null or lease_boot is not :boot
                    or lease_awake_ms <= :awake)
            order by due_at
            limit :most";
        let mut statement = self.0.prepare_cached(SQL)?;
        let Sign { at, awake } = now;
        let keys = named_params! {
            ":now": at,
            ":most": most as i64,
            ":boot": awake.as_ref().map(|awake| awake.boot.as_ref()),
            ":awake": awake.as_ref().map(|awake| awake.millis),
        };
        let rows = statement.query_map(keys, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Corrects retry delays that a clock wrote which is ahead of this one: each then lasts as long from `now` as
    /// it would have lasted after its failure.
    pub fn pull_back_rests(&self, now: Timestamp, ahead: Timestamp) -> Result<()> {
        const SQL: &str = "
            update jobs
            set not_before = :now + not_before - failed.at
            from (select id, updated_at as at from tasks) as failed
            where failed.id = jobs.task_id and due_at > :ahead and lease_until is null and failures > 0
                and failed.at > :ahead and not_before >= failed.at";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":now": now, ":ahead": ahead })?;
        Ok(())
    }

    /// Returns the reason why an unblocked task is withheld.
    pub fn withheld(&self, task: &Task) -> Result<Option<Withheld>> {
        if let Some(then) = self.job(&task.id)?.and_then(|job| job.not_before) {
            return Ok(Some(Withheld::Until(then)));
        }
        let Some(group) = &task.group else {
            return Ok(None);
        };
        let Group { key, limit, at_work } = self.group(group)?;
        Ok(Some(Withheld::Full { group: key, limit, at_work }))
    }

    /// Returns how the attempt before this one ended.
    pub fn earlier_try(&self, task: &TaskId, attempt: i64) -> Result<Option<EarlierTry>> {
        const SQL: &str = "
            select attempt, outcome, reason, error_class
            from attempts
            where task_id = :task and attempt = :attempt - 1";
        let keys = named_params! { ":task": task, ":attempt": attempt };
        let earlier = |row: &Row<'_>| {
            Ok(EarlierTry {
                attempt: row.get(0)?,
                outcome: row.get(1)?,
                reason: row.get(2)?,
                error_class: row.get(3)?,
            })
        };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, earlier).optional()?)
    }

    /// Returns the beginning of the newest attachment of a type, and its length.
    pub fn last_attached(&self, task: &TaskId, kind: &str, most: usize) -> Result<Option<(String, usize)>> {
        const SQL: &str = "
            select substr(content, 1, :most), length(content)
            from attachments
            where task_id = :task and attachment_type = :kind
            order by sequence desc
            limit 1";
        let keys = named_params! { ":task": task, ":kind": kind, ":most": most as i64 };
        let found = self
            .0
            .prepare_cached(SQL)?
            .query_row(keys, |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as usize)));
        Ok(found.optional()?.filter(|(text, _)| !text.is_empty()))
    }

    /// Stores the class of the failure that ended the newest attempt at a task.
    pub fn classify(&self, task: &TaskId, class: &ErrorClass) -> Result<()> {
        const SQL: &str = "
            update attempts
            set error_class = :class
            where task_id = :task and attempt = (select attempt from tasks where id = :task)";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task, ":class": class })?;
        Ok(())
    }

    /// Returns the class of the failure that ended the newest attempt at a task.
    pub fn error_class(&self, task: &TaskId) -> Result<Option<ErrorClass>> {
        const SQL: &str = "
            select error_class
            from attempts
            where task_id = :task
            order by attempt desc
            limit 1";
        let found = self.0.prepare_cached(SQL)?.query_row(named_params! { ":task": task }, |row| row.get(0));
        Ok(found.optional()?.flatten())
    }

    /// Puts a task into a group.
    pub fn join_group(&self, task: &TaskId, group: &GroupKey) -> Result<()> {
        const SQL: &str = "
            update tasks
            set group_key = :group, withheld = iif(withheld = 0, 2, withheld)
            where id = :task and group_key is not :group";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task, ":group": group })?;
        Ok(())
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        max_retries: row.get(0)?,
        backoff: row.get::<_, Option<Json<_>>>(1)?.map(|Json(backoff)| backoff).unwrap_or_default(),
        lease: row.get(2)?,
        failures: row.get(3)?,
        losses: row.get(4)?,
        not_before: row.get(5)?,
        lease_until: row.get(6)?,
        lease_awake: row
            .get::<_, Option<String>>(7)?
            .zip(row.get(8)?)
            .map(|(boot, millis)| Awake { boot: boot.into(), millis }),
    })
}
