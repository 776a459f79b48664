//! Power cuts, failing and full disks, kills at a system call, and short-lived commands.

#[cfg(target_os = "linux")]
pub use here::{kills, power, waits};

#[cfg(target_os = "linux")]
mod here {
    use std::time::Duration;

    use crate::Result;
    use crate::faults::{self, Outcome, full};
    use crate::ground::Ground;
    use crate::report::{Figure, Row, Table};

    /// Cuts the power during recorded work, fails a sync of the log, and fills the disk.
    pub fn power(ground: &Ground) -> Result<Table> {
        let seed = faults::seed()?;
        let work = Duration::from_secs(5);
        let cuts =
            faults::power::Cuts { work, servers: 3, commands: 25, points: ground.pick(100, 700), seed };
        let mut table = Table::default();
        table.remark(&format!("TASK_GRAPH_SEED={seed}"));
        tell(&mut table, "answered survives a power cut, the file is whole, no file is torn", &cuts.run()?);
        for failing in faults::syncs::FAILING {
            let outcome = faults::syncs::fail(failing, ground.pick(20, 100), seed)?;
            tell(&mut table, &format!("answered survives a power cut after EIO of {failing}"), &outcome);
        }
        let twins = faults::twins::attach(ground.pick(40, 200), seed)?;
        tell(&mut table, "bytes attached twice at once survive a power cut", &twins);
        tell(
            &mut table,
            "a full disk is told, leaves no drafts, and harms nothing",
            &full::then_room_again()?,
        );
        Ok(table)
    }

    /// Kills a process at each of eleven system calls, in three states of the store.
    pub fn kills(ground: &Ground) -> Result<Table> {
        let mut table = Table::default();
        let numbers =
            ground.pick(&[1, 3][..], &[1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36, 46, 60, 80, 100]);
        for found in faults::kills::FOUND {
            let outcome = faults::kills::at_each(found, &faults::kills::CALLS, numbers)?;
            tell(
                &mut table,
                &format!("{found:?}: the next process works, nothing answered is lost"),
                &outcome,
            );
        }
        Ok(table)
    }

    /// Opens and closes the store beside servers that have waited for a task.
    pub fn waits(ground: &Ground) -> Result<Table> {
        let time = Duration::from_secs(ground.pick(15, 60));
        let mut table = Table::default();
        let outcome = faults::waits::commands_come_and_go(ground.pick(60, 500), time)?;
        tell(&mut table, "no server dies, no lock error, nothing answered is lost", &outcome);
        Ok(table)
    }

    fn tell(table: &mut Table, promise: &str, outcome: &Outcome) {
        for (what, number) in &outcome.figures {
            table.row(Row::new(format!("  {what}"), Figure::Plain(*number as f64)));
        }
        table.must(promise, &outcome.faults);
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{left_out as kills, left_out as power, left_out as waits};

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use crate::Result;
    use crate::ground::Ground;
    use crate::report::Table;

    /// Reports that nothing was tried.
    pub fn left_out(_ground: &Ground) -> Result<Table> {
        let mut table = Table::default();
        table.remark("left out: it needs the loader of Linux");
        Ok(table)
    }
}
