//! The floors of a program of this kind: a round trip through pipes, a commit to the disk.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use crate::Result;
use crate::bare;
use crate::client::{Agent, Peer};
use crate::ground::Ground;
use crate::samples::Samples;

pub const FULL: &str = "full";
pub const NORMAL: &str = "normal";

/// Floors, sampled beside their calls, so that both see the machine in the same minute.
pub struct Floor {
    echo: Peer,
    server: Agent,
    store: RawStore,
    /// A round trip through a pipe to a program that echoes.
    pub trip: Samples,
    /// A call of a tool of a bare MCP server.
    pub call: Samples,
    /// A commit that is synced to the disk.
    pub durable: Samples,
    /// A commit that is not.
    pub normal: Samples,
}

/// A file with a table of which one row is changed.
pub struct RawStore(Connection);

/// Pauses as an agent does between two calls, so that the other process has to wake up.
pub fn rest() {
    std::thread::sleep(Duration::from_millis(1));
}

impl Floor {
    pub fn new(ground: &Ground) -> Result<Self> {
        let mut server = Agent::new(Peer::spawn(&mut bare::command(&[bare::SERVER])?)?, "");
        server.initialize()?;
        let file = ground.project()?.file();
        Ok(Self {
            echo: Peer::spawn(&mut bare::command(&[bare::ECHO])?)?,
            server,
            store: RawStore::create(&file)?,
            trip: Samples::default(),
            call: Samples::default(),
            durable: Samples::default(),
            normal: Samples::default(),
        })
    }

    /// Measures each floor once more.
    pub fn sample(&mut self) -> Result<()> {
        let line = self.server.tool_line("ping", json!({ "worker_id": "ann" }));
        rest();
        let (_, took) = self.echo.round_trip(&line)?;
        self.trip.add(took);
        rest();
        self.call.add(self.server.call("ping", json!({}))?.took);
        rest();
        self.durable.add(self.store.timed_commit(FULL)?);
        rest();
        self.normal.add(self.store.timed_commit(NORMAL)?);
        Ok(())
    }

    /// Returns the floor of a synced change.
    pub fn write(&self) -> Duration {
        self.trip.median() + self.durable.median()
    }

    /// Returns the floor of a change that is not synced.
    pub fn note(&self) -> Duration {
        self.trip.median() + self.normal.median()
    }
}

impl RawStore {
    pub fn create(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.execute_batch(
            "create table task (n integer primary key, worker integer);
            with recursive n (n) as (select 1 union all select n + 1 from n where n < 1000)
            insert into task (n) select n from n;
            create table job (n integer primary key, state text not null);
            create index job_state on job (state, n);
            with recursive n (n) as (select 1 union all select n + 1 from n where n < 20000)
            insert into job select n, 'queued' from n;
            create table filling (bytes blob);
            insert into filling values (zeroblob(4200000));",
        )?;
        // From here on the log is overwritten: growing it costs more.
        connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()))?;
        Self::join(connection)
    }

    /// Uses a file that another process has created.
    pub fn join(connection: Connection) -> Result<Self> {
        connection.busy_timeout(Duration::from_secs(30))?;
        Ok(Self(connection))
    }

    pub fn sync(&self, durability: &str) -> Result<()> {
        Ok(self.0.pragma_update(None, "synchronous", durability)?)
    }

    /// Changes one row in a transaction of its own.
    pub fn commit(&self) -> Result<()> {
        const CLAIM: &str = "
            update task
            set worker = coalesce(worker, 0) + 1
            where n = 7";
        for sql in ["begin immediate", CLAIM, "commit"] {
            self.0.prepare_cached(sql)?.execute([])?;
        }
        Ok(())
    }

    /// Takes a job in plain SQLite, if there is one.
    pub fn take_job(&self) -> Result<Option<i64>> {
        const TAKE: &str = "
            update job
            set state = 'taken'
            where n = (select n from job where state = 'queued' order by n limit 1)
            returning n";
        Ok(self.0.prepare_cached(TAKE)?.query_row([], |row| row.get(0)).optional()?)
    }

    pub fn finish_job(&self, job: i64) -> Result<()> {
        const FINISH: &str = "
            update job
            set state = 'done'
            where n = ?";
        self.0.prepare_cached(FINISH)?.execute([job])?;
        Ok(())
    }

    fn timed_commit(&self, durability: &str) -> Result<Duration> {
        self.sync(durability)?;
        let begin = Instant::now();
        self.commit()?;
        Ok(begin.elapsed())
    }
}

/// Returns the commits a second that this many processes make in a fair queue.
pub fn raw_commits(ground: &Ground, processes: usize, durability: &str) -> Result<f64> {
    raw_pace(ground, processes, [bare::WRITER, durability])
}

/// Returns the jobs a second that this many processes take and finish in a fair queue.
pub fn raw_jobs(ground: &Ground, processes: usize, durability: &str) -> Result<f64> {
    raw_pace(ground, processes, [bare::JOBBER, durability])
}

fn raw_pace(ground: &Ground, processes: usize, [part, durability]: [&str; 2]) -> Result<f64> {
    const MILLIS: u64 = 250;
    let file = ground.project()?.file();
    RawStore::create(&file)?;
    let lock = file.with_extension("queue");
    File::create(&lock)?;
    let (file, lock) = (file.to_string_lossy(), lock.to_string_lossy());
    let mut writers = Vec::new();
    for _ in 0..processes {
        let mut writer = Peer::spawn(&mut bare::command(&[part, &file, &lock, durability])?)?;
        writer.receive()?;
        writers.push(writer);
    }
    for writer in &mut writers {
        writer.send(&format!("{MILLIS}\n"))?;
    }
    let mut done = 0.0;
    for writer in &mut writers {
        done += writer.receive()?.trim().parse::<f64>()?;
    }
    Ok(done / Duration::from_millis(MILLIS).as_secs_f64())
}
