//! Workers, their leases, and what they hold.

use rusqlite::{OptionalExtension, Row, named_params};

use super::Tx;
use super::row::{Columns, Json};
use crate::domain::{
    Awake, ClaimLimit, Departure, Millis, Process, Selector, Sign, TaskId, Timestamp, Worker, WorkerId,
};
use crate::error::{Error, Result};

/// Completes a statement that reads workers.
macro_rules! workers_sql {
    ($rest:literal) => {
        concat!(
            "select id, tags, workflow, overlays, max_claims, selector, project, registered_at, last_heartbeat,
                renewed_at, awake_ms, awake_boot, reserved_ms, pid, process_start, boot, host, left_how,
                untold_messages
            from workers ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Returns the worker of this name, if it ever connected.
    pub fn worker_if_known(&self, id: &WorkerId) -> Result<Option<Worker>> {
        const SQL: &str = workers_sql!("where id = :id");
        let mut statement = self.0.prepare_cached(SQL)?;
        Ok(statement.query_row(named_params! { ":id": id }, worker).optional()?)
    }

    /// Returns the worker of this name.
    pub fn worker(&self, id: &WorkerId) -> Result<Worker> {
        self.worker_if_known(id)?.ok_or_else(|| Error::not_found("worker", id))
    }

    /// Returns the workers that are present, in the order of their names.
    pub fn workers_present(&self) -> Result<Vec<Worker>> {
        const SQL: &str = workers_sql!("where left_at is null order by id");
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map([], worker)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the workers that are present and hold tasks.
    pub fn workers_holding(&self) -> Result<Vec<Worker>> {
        const SQL: &str = workers_sql!(
            "where left_at is null and exists (select 1 from tasks where worker_id = workers.id)
            order by id"
        );
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map([], worker)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Stores a worker, new or changed.
    ///
    /// A new worker, or one that returns after it disconnected, receives events on marks from now on.
    pub fn put_worker(&self, worker: &Worker) -> Result<()> {
        const SQL: &str = "
            insert into workers (id, tags, workflow, overlays, max_claims, project, registered_at,
                last_heartbeat,
                renewed_at, awake_ms, awake_boot, reserved_ms,
                pid, process_start, boot, host, last_claim_sequence, told_claim_sequence)
            select :id, :tags, :workflow, :overlays, :limit, :project, :registered_at, :heartbeat,
                :renewed_at, :awake_ms, :awake_boot, :reserved_ms,
                :pid, :start, :boot, :host, newest, newest
            from (select coalesce(max(id), 0) as newest from events)
            where true
            on conflict (id) do update set
                tags = :tags, workflow = :workflow, overlays = :overlays, max_claims = :limit, project = :project,
                last_heartbeat = :heartbeat,
                renewed_at = :renewed_at, awake_ms = :awake_ms, awake_boot = :awake_boot, reserved_ms = :reserved_ms,
                pid = :pid, process_start = :start, boot = :boot, host = :host,
                last_claim_sequence = case left_how when 'disconnected' then excluded.last_claim_sequence
                    else last_claim_sequence end,
                told_claim_sequence = case left_how when 'disconnected' then excluded.told_claim_sequence
                    else told_claim_sequence end,
                left_at = null, left_how = null";
        let process = worker.process.as_ref();
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": worker.id,
            ":tags": Json(&worker.tags),
            ":workflow": worker.workflow,
            ":overlays": Json(&worker.overlays),
            ":limit": worker.limit.0,
            ":project": worker.project,
            ":registered_at": worker.registered_at,
            ":heartbeat": worker.last_heartbeat,
            ":renewed_at": worker.sign.at,
            ":awake_ms": worker.sign.awake.as_ref().map(|awake| awake.millis),
            ":awake_boot": worker.sign.awake.as_ref().map(|awake| &awake.boot),
            ":reserved_ms": worker.reserved_ms,
            ":pid": process.map(|process| process.pid),
            ":start": process.map(|process| process.start as i64),
            ":boot": process.map(|process| &process.boot),
            ":host": process.map(|process| &process.host),
        })?;
        Ok(())
    }

    /// Returns the worker's overlays, which apply to the tasks it holds.
    pub fn overlays_of(&self, id: &WorkerId) -> Result<Vec<String>> {
        const SQL: &str = "
            select overlays
            from workers
            where id = :id";
        let mut statement = self.0.prepare_cached(SQL)?;
        let found = statement.query_row(named_params! { ":id": id }, |row| row.get(0)).optional()?;
        Ok(found.map(|Json(overlays)| overlays).unwrap_or_default())
    }

    /// Replaces the worker's overlays. The worker then receives all guidance again.
    pub fn set_overlays(&self, id: &WorkerId, overlays: &[String]) -> Result<()> {
        const SQL: &str = "
            update workers
            set overlays = :overlays, guided = '[]'
            where id = :id";
        let keys = named_params! { ":id": id, ":overlays": Json(overlays) };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    /// Returns the names of the texts that the worker received since it connected.
    pub fn guided(&self, id: &WorkerId) -> Result<Vec<String>> {
        const SQL: &str = "
            select guided
            from workers
            where id = :id";
        let mut statement = self.0.prepare_cached(SQL)?;
        let Json(guided) = statement.query_row(named_params! { ":id": id }, |row| row.get(0))?;
        Ok(guided)
    }

    /// Stores which texts the worker received since it connected.
    pub fn set_guided(&self, id: &WorkerId, guided: &[String]) -> Result<()> {
        const SQL: &str = "
            update workers
            set guided = :guided
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":id": id, ":guided": Json(guided) })?;
        Ok(())
    }

    /// Stores the selector of the worker's claims.
    pub fn set_selector(&self, id: &WorkerId, selector: Option<&Selector>) -> Result<()> {
        const SQL: &str = "
            update workers
            set selector = :selector
            where id = :id";
        let keys = named_params! { ":id": id, ":selector": selector.map(Json) };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    /// Renews the lease of a worker that makes a call.
    pub fn renew_lease(&self, id: &WorkerId, sign: &Sign) -> Result<()> {
        const SQL: &str = "
            update workers
            set last_heartbeat = :now, renewed_at = :now, awake_ms = :awake_ms, awake_boot = :awake_boot
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": id,
            ":now": sign.at,
            ":awake_ms": sign.awake.as_ref().map(|awake| awake.millis),
            ":awake_boot": sign.awake.as_ref().map(|awake| &awake.boot),
        })?;
        Ok(())
    }

    /// Renews the lease of a worker. If its client is not connected, also sets how long its tasks stay reserved.
    pub fn renew_connected(&self, id: &WorkerId, sign: &Sign, reserved_ms: Option<Millis>) -> Result<()> {
        const SQL: &str = "
            update workers
            set renewed_at = :now, awake_ms = :awake_ms, awake_boot = :awake_boot, reserved_ms = :reserved_ms
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": id,
            ":now": sign.at,
            ":awake_ms": sign.awake.as_ref().map(|awake| awake.millis),
            ":awake_boot": sign.awake.as_ref().map(|awake| &awake.boot),
            ":reserved_ms": reserved_ms,
        })?;
        Ok(())
    }

    /// Records that the worker left, and how.
    pub fn worker_left(&self, id: &WorkerId, how: Departure, now: Timestamp) -> Result<()> {
        const SQL: &str = "
            update workers
            set left_at = :now, left_how = :how
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": id,
            ":how": how.as_str(),
            ":now": now,
        })?;
        Ok(())
    }

    /// Returns the tasks that the worker holds, the oldest first.
    pub fn held_by(&self, id: &WorkerId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select id
            from tasks
            where worker_id = :id
            order by n";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| row.get("id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the tasks that the worker is working on, the oldest first.
    pub fn begun_by(&self, id: &WorkerId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select id
            from tasks
            where worker_id = :id and claimed_at is not null
            order by n";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| row.get("id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the tasks that were assigned to the worker and not begun, the oldest first.
    pub fn given_to(&self, id: &WorkerId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select id
            from tasks
            where worker_id = :id and claimed_at is null
            order by n";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| row.get("id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the number of tasks that the worker is working on. Assigned tasks that are not begun do not count.
    pub fn working_on(&self, id: &WorkerId) -> Result<usize> {
        const SQL: &str = "
            select count(*)
            from tasks
            where worker_id = :id and claimed_at is not null";
        let mut statement = self.0.prepare_cached(SQL)?;
        let count: i64 = statement.query_row(named_params! { ":id": id }, |row| row.get(0))?;
        Ok(count as usize)
    }
}

fn worker(row: &Row<'_>) -> rusqlite::Result<Worker> {
    let mut columns = Columns::of(row);
    Ok(Worker {
        id: columns.next()?,
        tags: columns.tags()?,
        workflow: columns.next()?,
        overlays: columns.next::<Json<_>>()?.0,
        limit: ClaimLimit(columns.next()?),
        selector: columns.next::<Option<Json<_>>>()?.map(|Json(selector)| selector),
        project: columns.next()?,
        registered_at: columns.next()?,
        last_heartbeat: columns.next()?,
        sign: Sign { at: columns.next()?, awake: awake(&mut columns)? },
        reserved_ms: columns.next()?,
        process: process(&mut columns)?,
        left: columns.next::<Option<String>>()?.as_deref().and_then(Departure::parse),
        untold: columns.next()?,
    })
}

fn awake(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Awake>> {
    let (millis, boot): (Option<_>, Option<String>) = (columns.next()?, columns.next()?);
    Ok(millis.zip(boot).map(|(millis, boot)| Awake { boot: boot.into(), millis }))
}

pub(super) fn process(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Process>> {
    let (pid, start): (Option<u32>, Option<i64>) = (columns.next()?, columns.next()?);
    let (boot, host): (Option<String>, Option<String>) = (columns.next()?, columns.next()?);
    let process = || Some(Process { pid: pid?, start: start? as u64, boot: boot?, host: host? });
    Ok(process())
}
