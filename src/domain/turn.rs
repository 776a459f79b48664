//! The order in which tasks of a group start, where its concurrency is limited.

use std::cmp::Reverse;

use super::{Priority, TaskId};

/// A task of a group, with its rank. The smallest comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InTurn {
    pub rank: (Reverse<Priority>, i64),
    pub id: TaskId,
}

/// The tasks to withdraw from the offer, and the tasks to add to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    pub over: Vec<TaskId>,
    pub come: Vec<TaskId>,
}

/// Returns the tasks of one line to offer and to withdraw, if `room` more of the group may be at work.
///
/// The first `room` tasks in rank are offered. Each line is treated separately, so that a
/// task that no present worker can or wants to do does not hold up the others.
pub fn turns(room: usize, open: Vec<InTurn>, waiting: Vec<InTurn>) -> Turns {
    let mut all: Vec<(InTurn, bool)> = open.into_iter().map(|task| (task, true)).collect();
    all.extend(waiting.into_iter().map(|task| (task, false)));
    all.sort();
    let mut turns = Turns::default();
    for (at, (task, is_open)) in all.into_iter().enumerate() {
        match (at < room, is_open) {
            (true, false) => turns.come.push(task.id),
            (false, true) => turns.over.push(task.id),
            _ => {}
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, priority: i64, n: i64) -> InTurn {
        let priority = Priority::try_from(priority).unwrap();
        InTurn { rank: (Reverse(priority), n), id: id.parse().unwrap() }
    }

    fn names(ids: &[TaskId]) -> Vec<&str> {
        ids.iter().map(TaskId::as_str).collect()
    }

    #[test]
    fn as_many_are_handed_out_as_there_is_room_for_the_most_urgent_first() {
        let (old, new, urgent) = (task("old", 5, 1), task("new", 5, 2), task("urgent", 9, 3));
        let all = || [old.clone(), new.clone(), urgent.clone()];
        for (room, open, over, come) in [
            (0, vec![], vec![], vec![]),
            (1, vec![], vec![], vec!["urgent"]),
            (2, vec![], vec![], vec!["urgent", "old"]),
            (9, vec![], vec![], vec!["urgent", "old", "new"]),
            (1, vec!["old"], vec!["old"], vec!["urgent"]),
            (0, vec!["old", "urgent"], vec!["urgent", "old"], vec![]),
            (2, vec!["old", "urgent"], vec![], vec![]),
        ] {
            let (is_open, waits): (Vec<_>, Vec<_>) =
                all().into_iter().partition(|task| open.contains(&task.id.as_str()));

            let turns = turns(room, is_open, waits);

            assert_eq!((names(&turns.over), names(&turns.come)), (over, come), "{room} {open:?}");
        }
    }
}
