//! 2 to 64 processes with one file.
//!
//! The flat queue and listing before claiming are taken from published figures of other
//! programs; the layered graph and `claim()` are the normal use here.

use crate::Result;
use crate::drain::{Drain, Drained, Way};
use crate::floor::{FULL, NORMAL, raw_commits};
use crate::graph::{Dice, Graph};
use crate::ground::Ground;
use crate::report::{Bar, Figure, Row, Table};
use crate::samples::{Samples, fairness, millis};

/// The promise that every drain must keep.
pub const PROMISE: &str = "no lock error, no double or early claim, nothing lost, file whole";
const TASKS: usize = 600;
const LAYER: usize = 100;

/// A number of processes, and the figures that they should reach.
struct Crowd {
    processes: usize,
    /// Tasks a second with synced commits.
    durable: f64,
    /// Tasks a second with unsynced commits.
    normal: f64,
    /// The 99th percentile of a call, in milliseconds.
    slowest: f64,
}

const CROWDS: [Crowd; 4] = [
    Crowd::of(2, [1_070.0, 1_900.0], 10.0),
    Crowd::of(8, [1_180.0, 2_350.0], 10.0),
    Crowd::of(32, [880.0, 1_900.0], 50.0),
    Crowd::of(64, [700.0, 1_200.0], 150.0),
];

/// A queue to empty, and the way to do it.
struct Kind {
    name: &'static str,
    way: Way,
    width: usize,
}

const KINDS: [Kind; 4] = [
    Kind::of("flat, list then claim", Way::ListThenClaim, TASKS),
    Kind::of("flat, claim()", Way::Next, TASKS),
    Kind::of("layers, list then claim", Way::ListThenClaim, LAYER),
    Kind::of("layers, claim()", Way::Next, LAYER),
];

impl Crowd {
    const fn of(processes: usize, [durable, normal]: [f64; 2], slowest: f64) -> Self {
        Self { processes, durable, normal, slowest }
    }
}

impl Kind {
    const fn of(name: &'static str, way: Way, width: usize) -> Self {
        Self { name, way, width }
    }
}

pub fn measure(ground: &Ground) -> Result<Table> {
    let mut contest = Contest::new(ground);
    for durability in ground.pick(&[FULL][..], &[FULL, NORMAL]) {
        contest.durability = durability;
        let crowds = CROWDS.iter().filter(|crowd| ground.pick(matches!(crowd.processes, 8 | 64), true));
        for crowd in crowds {
            contest.measure(crowd)?;
        }
    }
    contest.table.must(PROMISE, &contest.faults);
    Ok(contest.table)
}

struct Contest<'g> {
    ground: &'g Ground,
    durability: &'static str,
    table: Table,
    faults: Vec<String>,
}

impl<'g> Contest<'g> {
    fn new(ground: &'g Ground) -> Self {
        Self { ground, durability: FULL, table: Table::default(), faults: Vec::new() }
    }

    /// Lets the processes empty each kind of queue several times, in turns, and reports the median of each.
    fn measure(&mut self, crowd: &Crowd) -> Result<()> {
        let mut turns: [Vec<Turn>; KINDS.len()] = Default::default();
        for _ in 0..self.ground.pick(1, 3) {
            for (kind, turns) in KINDS.iter().zip(&mut turns) {
                let floor = raw_commits(self.ground, crowd.processes, self.durability)?;
                let drained = self.drain(crowd.processes, kind)?;
                self.faults.extend_from_slice(&drained.faults);
                turns.push(Turn { drained, floor });
            }
        }
        let typical: Vec<Turn> = turns.into_iter().filter_map(typical).collect();
        for (kind, turn) in KINDS.iter().zip(&typical) {
            self.tell(crowd, kind, turn);
        }
        let pace = |turn: &Turn| Figure::PerSecond(turn.drained.tasks_a_second());
        if let [list, next, ..] = typical.as_slice() {
            let row = Row::new("  claim() against list then claim", pace(next)).over(pace(list));
            self.table.row(row.bar(Bar::TimesAtLeast(1.3)));
        }
        Ok(())
    }

    fn drain(&self, processes: usize, kind: &Kind) -> Result<Drained> {
        let project = self.ground.project()?.told(self.durability);
        let graph = Graph::layered(TASKS, kind.width);
        graph.plant(&mut project.agent("planter")?, &mut Dice::new(7))?;
        Drain { project: &project, processes, tasks: TASKS, way: kind.way, kills: 0 }.run()
    }

    fn tell(&mut self, crowd: &Crowd, kind: &Kind, turn: &Turn) {
        let Turn { drained, floor } = turn;
        let synced = self.durability == FULL;
        let pace = Figure::PerSecond(drained.tasks_a_second());
        let what = format!("{} x {}, {}", crowd.processes, kind.name, self.durability);
        let row = Row::new(what, pace).note(drained.refusals()).over(Figure::PerSecond(*floor));
        // Without syncs the floor is no goal: the work itself takes longer.
        self.table.row(match (synced, turn.is_steady()) {
            (true, true) => row.bar(Bar::TimesAtLeast(0.15)),
            _ => row,
        });
        if synced && !turn.is_steady() {
            self.table.remark("  no verdict: the disk changed its pace between the floor and this");
        }
        if kind.name == KINDS[0].name {
            let asked = if synced { crowd.durable } else { crowd.normal };
            let published = Row::new("  against the published machine", pace);
            self.table.row(published.bar(Bar::AtLeast(Figure::PerSecond(asked))));
        }
        tell_calls(&mut self.table, drained, crowd.slowest);
    }
}

/// A drain, and the commits a second that were measured just before it.
struct Turn {
    drained: Drained,
    floor: f64,
}

impl Turn {
    fn times(&self) -> f64 {
        self.drained.tasks_a_second() / self.floor
    }

    /// Returns true if floor and drain may have had the same speed of the disk: a task is two commits.
    fn is_steady(&self) -> bool {
        self.times() <= 0.5
    }
}

/// Reports the times of calls, the fairness among agents, and the cost.
fn tell_calls(table: &mut Table, drained: &Drained, slowest: f64) {
    for (what, calls) in [("  claim, p99", &drained.seen.claims), ("  complete, p99", &drained.seen.ends)] {
        table.row(slowest_of(what, calls).bar(Bar::AtMost(Figure::Millis(slowest))));
    }
    let fairness = Figure::Plain(fairness(&drained.shares));
    table.row(Row::new("  fairness (Jain)", fairness).bar(Bar::AtLeast(Figure::Plain(0.9))));
    let cpu = millis(drained.cpu) / drained.seen.finished.len() as f64;
    let most = Figure::Millis(2.0);
    table.row(Row::new("  server CPU a task", Figure::Millis(cpu)).bar(Bar::AtMost(most)));
}

fn slowest_of(what: &str, calls: &Samples) -> Row {
    let (median, longest) = (millis(calls.median()), millis(calls.longest()));
    Row::new(what, Figure::Millis(millis(calls.quantile(0.99))))
        .note(format!("p50 {median:.2}, max {longest:.1}"))
}

/// Returns the turn with the median ratio to its floor.
fn typical(mut turns: Vec<Turn>) -> Option<Turn> {
    turns.sort_by(|one, other| one.times().total_cmp(&other.times()));
    let middle = turns.len() / 2;
    turns.into_iter().nth(middle)
}

/// Drains the same number of tasks from a large graph and from a small one, in turns.
pub fn measure_big(ground: &Ground) -> Result<Table> {
    const PROCESSES: usize = 8;
    let size = ground.pick(10_000, 100_000);
    let mut contest = Contest::new(ground);
    let mut turns = Vec::new();
    for _ in 0..ground.pick(1, 3) {
        let (project, _) = ground.graph(size)?;
        let drain = Drain { project: &project, processes: PROCESSES, tasks: TASKS, way: Way::Next, kills: 0 };
        let small = contest.drain(PROCESSES, &KINDS[3])?;
        let large = drain.run()?;
        contest.faults.extend(small.faults.iter().chain(&large.faults).cloned());
        turns.push(Turn { floor: small.tasks_a_second(), drained: large });
    }
    if let Some(Turn { drained, floor }) = typical(turns) {
        let what = format!("{PROCESSES} drain {TASKS} of {size} tasks; floor: of {TASKS}");
        let pace = Figure::PerSecond(drained.tasks_a_second());
        contest
            .table
            .row(Row::new(what, pace).over(Figure::PerSecond(floor)).bar(Bar::TimesAtLeast(1.0 / 1.3)));
        tell_calls(&mut contest.table, &drained, 10.0);
    }
    contest.table.must(PROMISE, &contest.faults);
    Ok(contest.table)
}
