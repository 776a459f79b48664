//! The cost of each call, on files of a hundred to a hundred thousand tasks.
//!
//! Calls go to the files in turns, and the floors are measured between them, so that other load
//! on the machine affects all of them alike.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;
use crate::client::Agent;
use crate::floor::{Floor, rest};
use crate::graph::{Dice, Graph};
use crate::ground::Ground;
use crate::proc;
use crate::report::{Bar, Figure, Row, Table};
use crate::samples::{Samples, millis};

/// The kind of a call, which decides its floor.
#[derive(Clone, Copy)]
enum Kind {
    Read,
    /// A change that is synced.
    Write,
    /// A sign of life.
    Note,
    /// A walk through the graph. Its length depends on the shape of the graph, not on its size.
    Search,
}

const ACROSS: &str = "link across the graph";

/// The calls of a cycle, as the table names them.
const CALLS: &[(&str, Kind)] = &[
    ("list_tasks(ready)", Kind::Read),
    ("list_tasks", Kind::Read),
    ("get", Kind::Read),
    ("events", Kind::Read),
    ("explain", Kind::Read),
    ("claim()", Kind::Write),
    ("claim(task)", Kind::Write),
    ("update(completed)", Kind::Write),
    ("create", Kind::Write),
    ("link", Kind::Write),
    (ACROSS, Kind::Search),
    ("thinking", Kind::Note),
];

/// The size limits of answers, in bytes, that are below the general one.
const SIZES: &[(&str, u64)] = &[("claim()", 400), ("claim(task)", 400), ("list_tasks(ready)", 1_300)];
const LONGEST_ANSWER: u64 = 4_000;

pub fn measure(ground: &Ground) -> Result<Table> {
    let mut table = Table::default();
    let sizes: &[usize] = ground.pick(&[100, 10_000], &[100, 10_000, 100_000]);
    let mut subjects = Vec::new();
    for size in sizes {
        let (subject, planting) = Subject::new(ground, *size)?;
        let micros = planting.as_secs_f64() * 1e6 / *size as f64;
        table.row(Row::new(
            format!("create {size} tasks with two links each, a task"),
            Figure::Micros(micros),
        ));
        subjects.push(subject);
    }
    let mut floor = Floor::new(ground)?;
    for subject in &mut subjects {
        subject.warm_up()?;
    }
    for round in 0..ground.pick(60, 250) {
        for subject in &mut subjects {
            subject.cycle(round)?;
            floor.sample()?;
        }
    }
    tell_floors(&mut table, &floor);
    for (name, kind) in CALLS {
        tell_call(&mut table, name, &subjects, (*kind, &floor));
    }
    for subject in &subjects {
        let cpu = millis(proc::cpu_in_all(subject.agent.pid())? - subject.used);
        let tens = subject.calls as f64 / 10.0;
        let what = format!("CPU of 10 calls at {} tasks", subject.size);
        let most = Figure::Millis(1.6);
        table.row(Row::new(what, Figure::Millis(cpu / tens)).bar(Bar::AtMost(most)));
    }
    Ok(table)
}

fn tell_floors(table: &mut Table, floor: &Floor) {
    for (what, samples) in [
        ("floor: pipe round trip R", &floor.trip),
        ("floor: call of a bare rmcp server", &floor.call),
        ("floor: synced commit C", &floor.durable),
        ("floor: unsynced commit c", &floor.normal),
    ] {
        let median = Figure::Millis(millis(samples.median()));
        table.row(Row::new(what, median).note(samples.spread()));
    }
}

/// Reports a call: on the largest file, its growth from the smallest, and the size of its answer.
fn tell_call(table: &mut Table, name: &str, subjects: &[Subject], (kind, floor): (Kind, &Floor)) {
    let calls: Vec<&Calls> = subjects.iter().filter_map(|subject| subject.made.get(name)).collect();
    let [first, .., last] = calls.as_slice() else {
        return;
    };
    let medians: Vec<String> =
        calls.iter().map(|calls| format!("{:.2}", millis(calls.took.median()))).collect();
    let bar = match kind {
        Kind::Read => Some((floor.trip.median() + Duration::from_micros(100), 1.0)),
        Kind::Write => Some((floor.write(), 1.3)),
        Kind::Note => Some((floor.note(), 2.0)),
        Kind::Search => None,
    };
    let median = Figure::Millis(millis(last.took.median()));
    let row = Row::new(name, median).note(format!("p50s {}; {}", medians.join(" "), last.took.spread()));
    table.row(match bar {
        Some((floor, most)) => row.over(Figure::Millis(millis(floor))).bar(Bar::TimesAtMost(most)),
        None => row,
    });
    if bar.is_some() {
        let growth = Row::new("  growth", median).over(Figure::Millis(millis(first.took.median())));
        table.row(growth.bar(Bar::TimesAtMost(1.3)));
    }
    let most = SIZES.iter().find(|(call, _)| *call == name);
    let most = most.map_or(LONGEST_ANSWER, |(_, most)| *most);
    table
        .row(Row::new("  longest answer", Figure::Bytes(last.longest)).bar(Bar::AtMost(Figure::Bytes(most))));
}

/// The calls of one name.
#[derive(Default)]
struct Calls {
    took: Samples,
    longest: u64,
}

/// A file with its server.
struct Subject {
    agent: Agent,
    size: usize,
    dice: Dice,
    made: BTreeMap<&'static str, Calls>,
    calls: usize,
    /// The CPU time of the server before the measuring.
    used: Duration,
}

impl Subject {
    fn new(ground: &Ground, size: usize) -> Result<(Self, Duration)> {
        let (project, planting) = ground.graph(size)?;
        let agent = project.agent("ann")?;
        let subject = Self {
            agent,
            size,
            dice: Dice::new(size as u64),
            made: BTreeMap::new(),
            calls: 0,
            used: Duration::ZERO,
        };
        Ok((subject, planting))
    }

    /// Repeats cycles until the log is overwritten: growing it costs more, once in the life of a store.
    fn warm_up(&mut self) -> Result<()> {
        const CYCLES: usize = 25;
        for round in 0..CYCLES {
            self.cycle(round)?;
        }
        self.made.clear();
        self.calls = 0;
        self.used = proc::cpu_in_all(self.agent.pid())?;
        Ok(())
    }

    /// Does an agent's calls for two tasks, and creates as many new ones.
    fn cycle(&mut self, round: usize) -> Result<()> {
        let who = self.agent.worker.clone();
        let any = Graph::name(self.dice.below(self.size));
        let last = Graph::name(self.size - 1 - self.dice.below(2));
        self.call("list_tasks", "list_tasks", json!({}))?;
        self.call("get", "get", json!({ "task": any }))?;
        self.call("events", "events", json!({}))?;
        self.call("explain", "explain", json!({ "task": last }))?;

        let taken = self.call("claim()", "claim", json!({ "worker_id": who }))?;
        let thought = json!({ "worker_id": who, "thought": format!("round {round}") });
        self.call("thinking", "thinking", thought)?;
        self.finish(&taken["task"]["id"])?;

        let ready = self.call("list_tasks(ready)", "list_tasks", json!({ "ready": true }))?;
        let first = &ready["tasks"][0]["id"];
        self.call("claim(task)", "claim", json!({ "worker_id": who, "task": first }))?;
        self.finish(first)?;

        self.create()?;
        self.create()?;
        let new = self.create()?;
        self.call("link", "link", json!({ "from": any, "to": new }))?;
        self.link_across()
    }

    fn finish(&mut self, task: &Value) -> Result<()> {
        let end = json!({ "worker_id": self.agent.worker, "task": task, "status": "completed" });
        self.call("update(completed)", "update", end).map(drop)
    }

    fn create(&mut self) -> Result<Value> {
        let task = json!({
            "worker_id": self.agent.worker,
            "title": "Look at what the last change left behind",
            "description": "A short text, as agents write them when they come across something.",
        });
        let mut created = self.call("create", "create", task)?;
        Ok(created["id"].take())
    }

    /// Links two tasks in the middle of the graph. There is no cycle, but the search for
    /// one has to visit many tasks.
    fn link_across(&mut self) -> Result<()> {
        let width = Graph::usual_width(self.size);
        let (from, to) = (self.dice.below(width), self.dice.below(width));
        let (from, to) = (Graph::name(20 * width + from), Graph::name(30 * width + to));
        let before = proc::cpu_in_all(self.agent.pid())?;
        self.call(ACROSS, "link", json!({ "from": from, "to": to }))?;
        // This is no call of a normal cycle, so its CPU time is left out.
        self.used += proc::cpu_in_all(self.agent.pid())? - before;
        self.calls -= 1;
        Ok(())
    }

    fn call(&mut self, name: &'static str, tool: &str, arguments: Value) -> Result<Value> {
        rest();
        let answer = self.agent.call(tool, arguments)?;
        self.calls += 1;
        let calls = self.made.entry(name).or_default();
        calls.took.add(answer.took);
        calls.longest = calls.longest.max(answer.text.len() as u64);
        answer.value()
    }
}
