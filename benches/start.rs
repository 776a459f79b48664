//! The start and the end of a server, and its resources before the first call.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::bare;
use crate::client::{Agent, Answer, Peer};
use crate::ground::{Ground, PROGRAM, Project};
use crate::proc;
use crate::report::{Bar, Figure, Row, Table};
use crate::samples::{Samples, millis};

pub fn measure(ground: &Ground) -> Result<Table> {
    let mut table = Table::default();
    starts(ground, &mut table)?;
    storm(ground, &mut table)?;
    rest(ground, &mut table)?;
    tools(ground, &mut table)?;
    let size = fs::metadata(PROGRAM)?.len();
    table.row(Row::new("binary", Figure::Bytes(size)).bar(Bar::AtMost(Figure::Bytes(15_000_000))));
    Ok(table)
}

/// The times from the spawn of a server to the answers that open a session.
#[derive(Default)]
struct Starts {
    initialized: Samples,
    connected: Samples,
    /// The memory of the last server at that point, in bytes.
    memory: u64,
}

impl Starts {
    /// Starts a server, makes the first requests of a client, then calls `tool`.
    fn one(&mut self, command: &mut Command, tool: &str) -> Result<Agent> {
        let begin = Instant::now();
        let mut agent = Agent::new(Peer::spawn(command)?, "ann");
        agent.initialize()?;
        self.initialized.add(begin.elapsed());
        agent.list_tools()?;
        agent.call(tool, json!({ "worker_id": "ann" }))?.value()?;
        self.connected.add(begin.elapsed());
        self.memory = proc::resident(agent.pid())?;
        Ok(agent)
    }
}

fn starts(ground: &Ground, table: &mut Table) -> Result<()> {
    let (mut bare, mut fresh, mut known) = (Starts::default(), Starts::default(), Starts::default());
    let [mut spawns, mut commands, mut ends] = [const { Vec::new() }; 3];
    let project = ground.project()?;
    project.agent("ann")?;
    for _ in 0..ground.pick(10, 40) {
        spawns.push(timed(&mut Command::new("true"))?);
        commands.push(timed(&mut project.command(&["list_tasks", "--json"]))?);
        bare.one(&mut bare::command(&[bare::SERVER])?, "ping")?;
        fresh.one(&mut ground.project()?.command(&["serve"]), "connect")?;
        let server = known.one(&mut project.command(&["serve"]), "connect")?;
        ends.push(server.into_peer().hang_up()?);
    }
    let [spawns, commands, ends] = [spawns, commands, ends].map(Samples::from_iter);
    let spawn = median(&spawns);
    table.row(timing("spawn of a bare rmcp server to connected", &bare.connected).over(spawn));
    table.row(timing("spawn to initialized", &known.initialized).over(median(&bare.initialized)));
    let connected = timing("spawn to connected", &known.connected).over(median(&bare.connected));
    table.row(connected.bar(Bar::TimesAtMost(3.0)));
    let fresh = timing("the same where no file is yet", &fresh.connected).over(median(&bare.connected));
    table.row(fresh.bar(Bar::AtMost(Figure::Millis(18.0))));
    let command = timing("command line call", &commands).over(spawn);
    table.row(command.bar(Bar::AtMost(Figure::Millis(10.0))));
    let memory = Row::new("memory after the start", Figure::Bytes(known.memory));
    table.row(memory.over(Figure::Bytes(bare.memory)).bar(Bar::AtMost(Figure::Bytes(9_000_000))));
    table.row(timing("end of input to exit", &ends).bar(Bar::AtMost(Figure::Millis(1_000.0))));
    Ok(())
}

fn median(samples: &Samples) -> Figure {
    Figure::Millis(millis(samples.median()))
}

fn timing(what: &str, took: &Samples) -> Row {
    Row::new(what, median(took)).note(took.spread())
}

fn timed(command: &mut Command) -> Result<Duration> {
    let begin = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    match status.success() {
        true => Ok(begin.elapsed()),
        false => Err(format!("{command:?} failed").into()),
    }
}

/// Starts many servers at once in a project without a store.
fn storm(ground: &Ground, table: &mut Table) -> Result<()> {
    const SERVERS: usize = 64;
    let (mut took, mut faults) = (Samples::default(), Vec::new());
    for _ in 0..ground.pick(1, 5) {
        let begin = Instant::now();
        faults.extend(burst(&ground.project()?, SERVERS)?);
        took.add(begin.elapsed());
    }
    table.row(
        Row::new(format!("{SERVERS} at once where no file is yet"), Figure::Millis(millis(took.median())))
            .note(took.spread())
            .bar(Bar::AtMost(Figure::Millis(1_500.0))),
    );
    table.must(format!("all {SERVERS} connect"), &faults);
    Ok(())
}

/// Starts servers together, and returns the errors of those that could not connect.
fn burst(project: &Project, servers: usize) -> Result<Vec<String>> {
    let mut agents = Vec::new();
    for number in 0..servers {
        let peer = Peer::spawn(&mut project.command(&["serve"]))?;
        agents.push(Agent::new(peer, format!("worker-{number}")));
    }
    for agent in &mut agents {
        let who = json!({ "worker_id": agent.worker });
        let line = agent.tool_line("connect", who);
        agent.peer().send(&line)?;
    }
    let mut faults = Vec::new();
    for agent in &mut agents {
        let answer = agent.peer().receive()?;
        faults.extend(Answer::read(&answer, Duration::ZERO)?.value().err());
    }
    Ok(faults.iter().map(ToString::to_string).collect())
}

/// Measures an idle server.
fn rest(ground: &Ground, table: &mut Table) -> Result<()> {
    const SECONDS: u64 = 2;
    let agent = ground.project()?.agent("ann")?;
    // Work left over from the first call is not idling.
    thread::sleep(Duration::from_millis(100));
    let (sleeps, cpu) = (proc::sleeps(agent.pid())?, proc::cpu(agent.pid())?);
    thread::sleep(Duration::from_secs(SECONDS));
    let sleeps = (proc::sleeps(agent.pid())? - sleeps) as f64 / SECONDS as f64;
    let cpu = millis(proc::cpu(agent.pid())?.saturating_sub(cpu)) / SECONDS as f64;
    table.row(
        Row::new("wake-ups a second at rest", Figure::Plain(sleeps)).bar(Bar::AtMost(Figure::Plain(1.0))),
    );
    table.row(Row::new("CPU a second at rest", Figure::Millis(cpu)).bar(Bar::AtMost(Figure::Millis(0.1))));
    Ok(())
}

/// Measures the tool list that an agent has to read.
fn tools(ground: &Ground, table: &mut Table) -> Result<()> {
    for (toolset, most) in [("core", 8_000), ("full", 24_000)] {
        let project = ground.project()?;
        let mut command = project.command(&["--toolset", toolset, "serve"]);
        let mut agent = Agent::new(Peer::spawn(&mut command)?, "ann");
        agent.initialize()?;
        let tools: Value = agent.list_tools()?;
        table.row(
            Row::new(format!("tools/list, {toolset}"), Figure::Bytes(tools.to_string().len() as u64))
                .note(format!("{} tools", tools.as_array().map_or(0, Vec::len)))
                .bar(Bar::AtMost(Figure::Bytes(most))),
        );
    }
    Ok(())
}
