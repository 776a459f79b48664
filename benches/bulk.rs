//! Large calls: big trees, their effect on other writers, and calls sent without waiting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::Result;
use crate::client::{Agent, Answer};
use crate::floor::Floor;
use crate::graph::Graph;
use crate::ground::{Ground, Project};
use crate::proc;
use crate::report::{Bar, Figure, Row, Table};
use crate::samples::{Samples, millis};

pub fn measure(ground: &Ground) -> Result<Table> {
    let mut table = Table::default();
    for nodes in [1_000, 10_000] {
        trees(ground, &mut table, nodes)?;
    }
    for tool in ["get", "create"] {
        pipelined(ground, &mut table, tool)?;
    }
    Ok(table)
}

fn trees(ground: &Ground, table: &mut Table, nodes: usize) -> Result<()> {
    let (mut trees, mut floors, mut stalls) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..ground.pick(1, 5) {
        let project = ground.project()?;
        let mut gardener = project.agent("gardener")?;
        let (took, longest) = beside_small_writes(&project, || {
            let begin = Instant::now();
            gardener.call("create_tree", tree(nodes))?.value()?;
            Ok(begin.elapsed())
        })?;
        trees.add(took);
        stalls.add(longest);
        floors.add(raw_insert(ground, nodes)?);
    }
    let each = |took: Duration| Figure::Micros(took.as_secs_f64() * 1e6 / nodes as f64);
    let name = format!("create_tree of {nodes}, a node");
    table.row(
        Row::new(name.as_str(), each(trees.median()))
            .note(format!("{:.0} ms in all", millis(trees.median())))
            .over(each(floors.median()))
            .bar(Bar::TimesAtMost(1.7)),
    );
    let most = Figure::Micros(27.0);
    table.row(Row::new("  against the published machine", each(trees.median())).bar(Bar::AtMost(most)));
    table.row(
        Row::new("  longest stall of another's writes", Figure::Millis(millis(stalls.median())))
            .note(stalls.spread())
            .bar(Bar::AtMost(Figure::Millis(280.0))),
    );
    Ok(())
}

/// Returns a tree in which one task contains all the others.
fn tree(nodes: usize) -> Value {
    let leaves: Vec<Value> = (1..nodes)
        .map(|number| json!({ "title": format!("Move the tests of module {number} to their own file") }))
        .collect();
    json!({ "tree": { "title": "Move the tests", "tasks": leaves } })
}

/// Does the work while another process writes, and returns the longest time of those writes.
fn beside_small_writes(
    project: &Project,
    work: impl FnOnce() -> Result<Duration>,
) -> Result<(Duration, Duration)> {
    const PAUSE: Duration = Duration::from_millis(2);
    let mut writer = project.agent("writer")?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writes = scope.spawn(|| -> Result<Duration> {
            let mut longest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let answer = writer.call("create", json!({ "title": "A small one" }))?;
                longest = longest.max(answer.took);
                answer.value()?;
                thread::sleep(PAUSE);
            }
            Ok(longest)
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let longest = writes.join().map_err(|_| "the writer panicked")??;
        Ok((worked?, longest))
    })
}

/// Inserts as many rows of a task, a link and an event in plain SQLite, in one synced commit.
fn raw_insert(ground: &Ground, nodes: usize) -> Result<Duration> {
    let mut connection = Connection::open(ground.project()?.file())?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.execute_batch(
        "create table task (n integer primary key, id text not null unique, title text, status text);
        create index by_status on task (status, n);
        create table link (source text, target text, kind text, primary key (source, target, kind)) without rowid;
        create index by_target on link (target);
        create table event (n integer primary key, task text, what text);
        create index by_task on event (task, n);",
    )?;
    let begin = Instant::now();
    let change = connection.transaction()?;
    for number in 0..nodes {
        let id = Graph::name(number);
        change
            .prepare_cached("insert into task (id, title, status) values (?, ?, 'pending')")?
            .execute(params![id, "Move the tests of a module to their own file"])?;
        change.prepare_cached("insert into link values ('root', ?, 'contains')")?.execute(params![id])?;
        change
            .prepare_cached("insert into event (task, what) values (?, 'created')")?
            .execute(params![id])?;
    }
    change.commit()?;
    Ok(begin.elapsed())
}

/// Sends many calls before reading any answer.
fn pipelined(ground: &Ground, table: &mut Table, tool: &str) -> Result<()> {
    const CALLS: usize = 300;
    let mut floor = Floor::new(ground)?;
    let (mut took, mut memory) = (Samples::default(), 0);
    for _ in 0..ground.pick(2, 5) {
        let mut agent = ground.project()?.agent("ann")?;
        agent.call("create", json!({ "id": "task", "title": "The first" }))?.value()?;
        took.add(send_all(&mut agent, tool, CALLS)?);
        memory = proc::resident(agent.pid())?;
        for _ in 0..20 {
            floor.sample()?;
        }
    }
    let all = millis(floor.write()) * CALLS as f64;
    table.row(
        Row::new(format!("{CALLS} calls of {tool} at once"), Figure::Millis(millis(took.median())))
            .note(format!("{:.1} MB after", memory as f64 / 1e6))
            .over(Figure::Millis(all))
            .bar(Bar::TimesAtMost(1.0)),
    );
    Ok(())
}

fn send_all(agent: &mut Agent, tool: &str, calls: usize) -> Result<Duration> {
    let wish = match tool {
        "get" => json!({ "task": "task" }),
        _ => json!({ "title": "One of many" }),
    };
    let lines: String = (0..calls).map(|_| agent.tool_line(tool, wish.clone())).collect();
    let begin = Instant::now();
    agent.peer().send(&lines)?;
    for _ in 0..calls {
        let answer = agent.peer().receive()?;
        Answer::read(&answer, Duration::ZERO)?.value()?;
    }
    Ok(begin.elapsed())
}
