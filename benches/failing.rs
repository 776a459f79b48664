//! Many jobs, some of which fail sometimes and some always, while a process is killed every second.
//!
//! The bench keeps its own record of the answers, and compares the store with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::Result;
use crate::client::Agent;
use crate::graph::Dice;
use crate::ground::{Ground, Project};
use crate::proc;
use crate::queue::fill;
use crate::report::{Figure, Row, Table};
use crate::samples::millis;
use crate::witness;

const PROMISE: &str = "all ended within their retries, no end lost, no attempt twice, results as recorded";
const PROCESSES: usize = 8;
const RETRIES: usize = 3;
/// One job in this many is poison: it never succeeds.
const POISON: usize = 50;
/// One attempt in this many at the other jobs fails.
const FAILING: usize = 10;
const BETWEEN_KILLS: Duration = Duration::from_secs(1);
/// The time for all work, after which unfinished jobs count as lost.
const PATIENCE: Duration = Duration::from_secs(180);
/// The pause of an agent when nothing is ready.
const PAUSE: Duration = Duration::from_millis(2);

pub fn measure(ground: &Ground) -> Result<Table> {
    let jobs = ground.pick(1_000, 5_000);
    let project = ground.project()?;
    fill(&project, jobs, json!({ "max_retries": RETRIES, "base": "0s" }))?;

    let begin = Instant::now();
    let (record, kills) = drain(&project)?;
    let took = begin.elapsed();

    let faults = Store::read(&project)?.faults(&record, jobs)?;
    let count = |status| record.answered.iter().filter(|end| end.status == status).count();
    let mut table = Table::default();
    let what = format!("{PROCESSES} drain {jobs} jobs, one killed with -9 a second");
    let note =
        format!("{kills} killed; answered: {} completed, {} failed", count("completed"), count("failed"));
    table.row(Row::new(what, Figure::Millis(millis(took))).note(note));
    table.must(PROMISE, &witness::faults(&project.file(), &record.completed())?);
    table.must("  against the script's own record", &faults);
    Ok(table)
}

/// An end of an attempt, as a worker requested it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    task: String,
    attempt: u64,
    worker: String,
    status: &'static str,
}

/// The answers that the workers got.
#[derive(Debug, Default)]
struct Record {
    claimed: Vec<(String, u64)>,
    answered: BTreeSet<End>,
    /// Ends that were requested but not answered when the process was killed: they may have happened or not.
    unanswered: BTreeSet<End>,
    faults: Vec<String>,
}

impl Record {
    fn join(&mut self, other: Self) {
        self.claimed.extend(other.claimed);
        self.answered.extend(other.answered);
        self.unanswered.extend(other.unanswered);
        self.faults.extend(other.faults);
    }

    fn completed(&self) -> Vec<String> {
        let completed = self.answered.iter().filter(|end| end.status == "completed");
        completed.map(|end| end.task.clone()).collect()
    }

    fn may_have(&self, end: &End) -> bool {
        self.answered.contains(end) || self.unanswered.contains(end)
    }
}

/// The process of a worker that can be killed, if there is one.
type Target = Mutex<Option<u32>>;

fn drain(project: &Project) -> Result<(Record, usize)> {
    let targets: Vec<Target> = (0..PROCESSES).map(|_| Mutex::new(None)).collect();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let hands: Vec<_> = targets
            .iter()
            .enumerate()
            .map(|(number, target)| {
                let over = &over;
                let dice = Dice::new(number as u64 + 1);
                scope.spawn(move || {
                    Hand { project, target, over, dice, number, record: Record::default() }.work()
                })
            })
            .collect();
        let kills = kill_on_and_on(&targets, &over);
        let mut record = Record::default();
        for hand in hands {
            record.join(hand.join().map_err(|_| "an agent panicked")??);
        }
        Ok((record, kills?))
    })
}

/// Kills one process after the other, until the work is over.
fn kill_on_and_on(targets: &[Target], over: &AtomicBool) -> Result<usize> {
    let begin = Instant::now();
    let mut kills = 0;
    while !over.load(Ordering::Relaxed) {
        thread::sleep(PAUSE);
        if begin.elapsed() > PATIENCE {
            over.store(true, Ordering::Relaxed);
        }
        if begin.elapsed() < BETWEEN_KILLS * (kills as u32 + 1) {
            continue;
        }
        let target = targets[kills % targets.len()].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *target {
            proc::kill(pid)?;
            kills += 1;
        }
    }
    Ok(kills)
}

/// A worker that returns under another name after its process was killed.
struct Hand<'p> {
    project: &'p Project,
    target: &'p Target,
    over: &'p AtomicBool,
    dice: Dice,
    number: usize,
    record: Record,
}

impl Hand<'_> {
    fn work(mut self) -> Result<Record> {
        for life in 0.. {
            let mut agent = self.project.agent(&format!("worker-{}-{life}", self.number))?;
            self.aim(Some(agent.pid()));
            // A failed call means that the server was killed.
            while !self.over.load(Ordering::Relaxed) && self.turn(&mut agent).is_ok() {}
            self.aim(None);
            if self.over.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(self.record)
    }

    fn aim(&self, pid: Option<u32>) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    fn turn(&mut self, agent: &mut Agent) -> Result<()> {
        let claim = json!({ "worker_id": agent.worker });
        let claimed = self.call(agent, "claim", claim)?;
        let task = &claimed["task"];
        let (Some(id), Some(attempt)) = (task["id"].as_str(), task["attempt"].as_u64()) else {
            let summary = self.call(agent, "status_summary", json!({}))?;
            if summary["ended"] == summary["total"] {
                self.over.store(true, Ordering::Relaxed);
            }
            thread::sleep(PAUSE);
            return Ok(());
        };
        self.record.claimed.push((id.to_owned(), attempt));
        let fails = is_poison(id)? || self.dice.below(FAILING) == 0;
        let end = End {
            task: id.to_owned(),
            attempt,
            worker: agent.worker.clone(),
            status: if fails { "failed" } else { "completed" },
        };
        self.end(agent, end)
    }

    fn end(&mut self, agent: &mut Agent, end: End) -> Result<()> {
        let output = output(&end).to_string();
        let mut wish = json!({
            "worker_id": end.worker, "task": end.task, "attempt": end.attempt, "status": end.status,
        });
        match end.status {
            "completed" => {
                wish["attachments"] =
                    json!([{ "type": "result", "content": output, "mime": "application/json" }]);
            }
            _ => wish["reason"] = json!("timeout: as it is played here"),
        }
        match agent.call("update", wish) {
            Err(gone) => {
                self.record.unanswered.insert(end);
                return Err(gone);
            }
            Ok(answer) => match answer.outcome {
                Ok(_) => _ = self.record.answered.insert(end),
                Err(code) => self.record.faults.push(format!("{end:?} was refused: {code}")),
            },
        }
        Ok(())
    }

    /// Calls a tool; a refusal is a fault.
    fn call(&mut self, agent: &mut Agent, tool: &str, wish: Value) -> Result<Value> {
        let answer = agent.call(tool, wish)?;
        Ok(answer.outcome.unwrap_or_else(|code| {
            self.record.faults.push(format!("{tool} was refused: {code}"));
            Value::Null
        }))
    }
}

fn is_poison(task: &str) -> Result<bool> {
    let number: usize = task.trim_start_matches("job-").parse()?;
    Ok(number.is_multiple_of(POISON))
}

/// Returns the output of a successful attempt.
fn output(end: &End) -> Value {
    json!({ "task": end.task, "by": end.worker, "attempt": end.attempt })
}

/// The state of the store at the end.
struct Store {
    /// The attempts at each task: number, worker, outcome.
    attempts: BTreeMap<String, Vec<(u64, String, String)>>,
    /// The exported results: the state and output of each task.
    results: BTreeMap<String, (String, Value)>,
}

impl Store {
    fn read(project: &Project) -> Result<Self> {
        const ATTEMPTS: &str = "
            select task_id, attempt, worker_id, coalesce(outcome, 'under way')
            from attempts
            order by task_id, attempt";
        let connection = Connection::open_with_flags(project.file(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = connection.prepare(ATTEMPTS)?;
        let mut rows = statement.query([])?;
        let mut attempts: BTreeMap<String, Vec<(u64, String, String)>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let attempt = (row.get::<_, i64>(1)?.try_into()?, row.get(2)?, row.get(3)?);
            attempts.entry(row.get(0)?).or_default().push(attempt);
        }
        let exported = project.command(&["results", "--format", "jsonl"]).output()?;
        let mut results = BTreeMap::new();
        for line in String::from_utf8(exported.stdout)?.lines() {
            let mut row: Value = serde_json::from_str(line)?;
            let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
            results.insert(text(&row["id"]), (text(&row["status"]), row["output"].take()));
        }
        Ok(Self { attempts, results })
    }

    /// Returns the differences between the store and the record.
    fn faults(&self, record: &Record, jobs: usize) -> Result<Vec<String>> {
        let mut faults = record.faults.clone();
        if self.results.len() != jobs {
            faults.push(format!("{} of {jobs} jobs have ended", self.results.len()));
        }
        let claimed: BTreeSet<_> = record.claimed.iter().collect();
        if claimed.len() != record.claimed.len() {
            faults.push("an attempt was given out twice".to_owned());
        }
        for end in &record.answered {
            let made = self.attempts.get(&end.task).into_iter().flatten();
            let kept = (end.attempt, end.worker.as_str(), outcome_of(end.status));
            if !made
                .into_iter()
                .any(|(number, worker, outcome)| (*number, worker.as_str(), outcome.as_str()) == kept)
            {
                faults.push(format!("{end:?} was answered and is lost"));
            }
        }
        for (task, (status, output)) in &self.results {
            faults.extend(self.faults_of(task, status, output, record)?);
        }
        Ok(faults)
    }

    fn faults_of(&self, task: &str, status: &str, result: &Value, record: &Record) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let attempts = self.attempts.get(task).map(Vec::as_slice).unwrap_or_default();
        let numbers = attempts.iter().map(|(number, ..)| *number);
        if !numbers.eq(1..=attempts.len() as u64) {
            faults.push(format!("the attempts at `{task}` are not numbered one by one"));
        }
        let failures = attempts.iter().filter(|(.., outcome)| outcome == "failed").count();
        let Some((attempt, worker, _)) = attempts.last() else {
            return Ok(vec![format!("`{task}` has ended and nobody worked on it")]);
        };
        let of_last =
            |status| End { task: task.to_owned(), attempt: *attempt, worker: worker.clone(), status };
        let is_right = match status {
            "completed" => {
                let end = of_last("completed");
                !is_poison(task)? && failures <= RETRIES && record.may_have(&end) && *result == output(&end)
            }
            "failed" => failures == RETRIES + 1 && record.may_have(&of_last("failed")),
            _ => false,
        };
        if !is_right {
            faults.push(format!("`{task}` is {status} with {result} after {attempts:?}"));
        }
        Ok(faults)
    }
}

/// Returns the stored outcome of an attempt that ended with this status.
fn outcome_of(status: &str) -> &str {
    match status {
        "completed" => "ended",
        status => status,
    }
}
