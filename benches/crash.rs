//! Servers that are killed in the middle of their work.

use crate::Result;
use crate::contention::PROMISE;
use crate::drain::{Drain, Way};
use crate::graph::{Dice, Graph};
use crate::ground::Ground;
use crate::report::{Figure, Row, Table};
use crate::samples::millis;

const TASKS: usize = 600;
const LAYER: usize = 100;
const PROCESSES: usize = 32;
const KILLS: usize = 6;

pub fn measure(ground: &Ground) -> Result<Table> {
    let mut table = Table::default();
    let mut faults = Vec::new();
    for _ in 0..ground.pick(1, 3) {
        let project = ground.project()?;
        let graph = Graph::layered(TASKS, LAYER);
        graph.plant(&mut project.agent("planter")?, &mut Dice::new(7))?;
        let drain =
            Drain { project: &project, processes: PROCESSES, tasks: TASKS, way: Way::Next, kills: KILLS };
        let drained = drain.run()?;
        table.row(
            Row::new(
                format!("{PROCESSES} drain {TASKS}, {KILLS} killed with -9"),
                Figure::Millis(millis(drained.took)),
            )
            .note(format!("{} finished", drained.seen.finished.len())),
        );
        faults.extend(drained.faults);
    }
    table.must(PROMISE, &faults);
    Ok(table)
}
