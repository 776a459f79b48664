//! Queues of many jobs: creating them, claiming from a million of them, and the pace of working them off.

use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::contention::PROMISE;
use crate::drain::{Drain, Drained, Way};
use crate::floor::{FULL, raw_jobs};
use crate::ground::{Ground, Project};
use crate::report::{Bar, Figure, Row, Table};
use crate::samples::{Samples, millis};

pub fn measure(ground: &Ground) -> Result<Table> {
    let mut table = Table::default();
    rows_of_a_call(ground, &mut table)?;
    rows_of_a_file(ground, &mut table)?;
    long_queue(ground, &mut table)?;
    let mut faults = Vec::new();
    for processes in [1, 8] {
        for way in [Way::Next, Way::FinishAndNext] {
            faults.extend(pace(ground, &mut table, processes, way)?);
        }
    }
    table.must(PROMISE, &faults);
    Ok(table)
}

/// Creates jobs in batches, as one agent, and returns how long the calls took.
pub fn fill(project: &Project, jobs: usize, job: Value) -> Result<Duration> {
    const BATCH: usize = 1_000;
    let mut agent = project.agent("filler")?;
    let mut took = Duration::ZERO;
    for first in (0..jobs).step_by(BATCH) {
        let rows: Vec<Value> = (first..jobs.min(first + BATCH))
            .map(|number| json!([format!("job-{number}"), format!("Summarise thread {number}")]))
            .collect();
        let wish = json!({ "columns": ["id", "title"], "rows": rows, "job": job });
        let answer = agent.call("create", wish)?;
        took += answer.took;
        answer.value()?;
    }
    Ok(took)
}

fn rows_of_a_call(ground: &Ground, table: &mut Table) -> Result<()> {
    let mut took = Samples::default();
    for _ in 0..ground.pick(3, 9) {
        took.add(fill(&ground.project()?, 1_000, json!({ "max_retries": 3 }))?);
    }
    let row = Row::new("create of 1000 rows over MCP", Figure::Millis(millis(took.median())));
    table.row(row.note(took.spread()).bar(Bar::AtMost(Figure::Millis(100.0))));
    Ok(())
}

fn rows_of_a_file(ground: &Ground, table: &mut Table) -> Result<()> {
    let jobs = ground.pick(10_000, 100_000);
    let most = 5_000.0 * jobs as f64 / 100_000.0;
    let took = stream(&ground.project()?, jobs)?;
    let row = Row::new(format!("create --from a file of {jobs} rows"), Figure::Millis(millis(took)));
    table.row(row.bar(Bar::AtMost(Figure::Millis(most))));
    Ok(())
}

/// Reads jobs from a file with the shell command, and returns how long it took.
fn stream(project: &Project, jobs: usize) -> Result<Duration> {
    let file = project.file().with_file_name("jobs.csv");
    let mut text = String::from("title,description,priority\n");
    for number in 0..jobs {
        writeln!(text, "Summarise thread {number},Read mail/{number}.eml and say it in five lines.,5")?;
    }
    fs::write(&file, text)?;
    let begin = Instant::now();
    let ran = project.command(&["create", "--from", &file.to_string_lossy()]).output()?;
    let took = begin.elapsed();
    match ran.status.success() {
        true => Ok(took),
        false => Err(format!("the shell could not create {jobs} jobs: {}", ran.status).into()),
    }
}

/// Claims from a short queue and from a long one, in turns.
fn long_queue(ground: &Ground, table: &mut Table) -> Result<()> {
    let (short, long) = (1_000, ground.pick(100_000, 1_000_000));
    let mut queues = Vec::new();
    for jobs in [short, long] {
        let project = ground.project()?;
        stream(&project, jobs)?;
        project.settle()?;
        queues.push((project.agent("ann")?, Samples::default()));
    }
    for _ in 0..ground.pick(60, 200) {
        for (agent, claims) in &mut queues {
            let claimed = agent.call("claim", json!({ "worker_id": "ann" }))?;
            claims.add(claimed.took);
            let task = claimed.value()?["task"]["id"].take();
            agent
                .call("update", json!({ "worker_id": "ann", "task": task, "status": "completed" }))?
                .value()?;
        }
    }
    if let [(_, short_claims), (_, long_claims)] = queues.as_slice() {
        let figure = |claims: &Samples| Figure::Millis(millis(claims.median()));
        table.row(
            Row::new(format!("claim() with {long} queued; floor: with {short}"), figure(long_claims))
                .note(long_claims.spread())
                .over(figure(short_claims))
                .bar(Bar::TimesAtMost(3.0)),
        );
    }
    Ok(())
}

/// Finishes jobs, beside bare loops that take and finish a row of a table.
fn pace(ground: &Ground, table: &mut Table, processes: usize, way: Way) -> Result<Vec<String>> {
    const JOBS: usize = 600;
    let mut turns: Vec<(Drained, f64)> = Vec::new();
    for _ in 0..ground.pick(1, 3) {
        let bare = raw_jobs(ground, processes, FULL)?;
        let project = ground.project()?;
        fill(&project, JOBS, json!({ "max_retries": 3 }))?;
        let drain = Drain { project: &project, processes, tasks: JOBS, way, kills: 0 };
        turns.push((drain.run()?, bare));
    }
    let faults = turns.iter().flat_map(|(drained, _)| drained.faults.clone()).collect();
    turns.sort_by(|(one, floor), (other, ground)| {
        (one.tasks_a_second() / floor).total_cmp(&(other.tasks_a_second() / ground))
    });
    if let Some((drained, bare)) = turns.get(turns.len() / 2) {
        let what = match way {
            Way::FinishAndNext => "finish and next in one call",
            _ => "claim and finish",
        };
        let what = format!("{processes} x {what}; floor: bare update … returning");
        table.row(
            Row::new(what, Figure::PerSecond(drained.tasks_a_second()))
                .note(drained.refusals())
                .over(Figure::PerSecond(*bare))
                .bar(Bar::TimesAtLeast(1.0 / 3.0)),
        );
    }
    Ok(faults)
}
