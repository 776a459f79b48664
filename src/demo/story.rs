//! The script of the demo: the workers and their tasks.
//!
//! At the beginning there are as many free tasks as workers, so that each worker gets one on any machine, including
//! the worker that is killed.

use serde_json::{Value, json};

/// A worker of the team.
pub struct Hand {
    pub name: &'static str,
    pub tags: &'static [&'static str],
    pub fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    WorksToTheEnd,
    /// Its process is killed in the middle of its first task.
    IsKilled,
}

/// A task with subtasks.
pub struct Part {
    pub id: &'static str,
    pub title: &'static str,
}

/// A task for a worker.
pub struct Task {
    pub id: &'static str,
    pub title: &'static str,
    /// The part to which it belongs.
    pub part: &'static str,
    pub waits_for: &'static [&'static str],
    pub needs: &'static [&'static str],
    pub takes_ms: u64,
    pub thought: &'static str,
    pub result: &'static str,
}

pub static TEAM: [Hand; 4] = [
    hand("ann", &[], Fate::WorksToTheEnd),
    hand("ben", &[], Fate::WorksToTheEnd),
    hand("cleo", &[], Fate::IsKilled),
    hand("dan", &["deploy"], Fate::WorksToTheEnd),
];

pub static WHOLE: Part = part("shop", "Ship the web shop 1.0");

pub static PARTS: [Part; 3] = [
    part("frontend", "What customers see"),
    part("backend", "What the pages stand on"),
    part("launch", "Get it out"),
];

pub static TASKS: [Task; 12] = [
    Task {
        title: "Lay out the database",
        takes_ms: 350,
        thought: "an order keeps the price it was made at",
        result: "7 tables, migrations tested both ways",
        ..task("schema", "backend")
    },
    Task {
        title: "Take payments",
        takes_ms: 400,
        thought: "the provider calls twice: payments need a key of their own",
        result: "paid once, however often the provider calls",
        ..task("payments", "backend")
    },
    Task {
        title: "Serve the catalogue",
        waits_for: &["schema"],
        takes_ms: 350,
        thought: "pages of 20, sorted by what sells",
        result: "4 endpoints, 31 tests",
        ..task("catalog-api", "backend")
    },
    Task {
        title: "Serve the cart",
        waits_for: &["schema", "payments"],
        takes_ms: 400,
        thought: "a cart outlives the session",
        result: "3 endpoints, 24 tests",
        ..task("cart-api", "backend")
    },
    Task {
        title: "Send the receipts",
        waits_for: &["payments"],
        takes_ms: 300,
        thought: "no receipt before the payment is certain",
        result: "receipts go out from a queue",
        ..task("receipts", "backend")
    },
    Task {
        title: "Draw the pages",
        takes_ms: 400,
        thought: "phones first, three sizes",
        result: "12 pages, all reachable by keyboard",
        ..task("design", "frontend")
    },
    Task {
        title: "Build the catalogue",
        waits_for: &["design", "catalog-api"],
        takes_ms: 350,
        thought: "pictures load last",
        result: "works without scripts too",
        ..task("catalog-ui", "frontend")
    },
    Task {
        title: "Build the checkout",
        waits_for: &["design", "cart-api"],
        takes_ms: 400,
        thought: "one page instead of four",
        result: "one page, 3 fields fewer",
        ..task("checkout-ui", "frontend")
    },
    Task {
        title: "Set up the servers",
        needs: &["deploy"],
        takes_ms: 300,
        thought: "two of each, so that one may fail",
        result: "a new version is live in 40 s",
        ..task("hosting", "launch")
    },
    Task {
        title: "Test it end to end",
        waits_for: &["catalog-ui", "checkout-ui", "receipts"],
        takes_ms: 400,
        thought: "buy one of everything",
        result: "18 journeys, all green",
        ..task("tests", "launch")
    },
    Task {
        title: "Write the help pages",
        waits_for: &["catalog-ui"],
        takes_ms: 300,
        thought: "start with how to send things back",
        result: "9 pages",
        ..task("docs", "launch")
    },
    Task {
        title: "Release 1.0",
        waits_for: &["tests", "docs", "hosting"],
        needs: &["deploy"],
        takes_ms: 300,
        thought: "a tenth of the visitors first",
        result: "1.0 is live",
        ..task("release", "launch")
    },
];

/// Returns the task with this id, if it is one for a worker.
pub fn find(id: &str) -> Option<&'static Task> {
    TASKS.iter().find(|task| task.id == id)
}

/// Returns the tasks of a part.
pub fn tasks_of(part: &str) -> impl Iterator<Item = &'static Task> {
    const { &TASKS }.iter().filter(move |task| task.part == part)
}

/// Returns every id: the whole, its parts, their tasks.
pub fn all_ids() -> impl Iterator<Item = &'static str> {
    let parts = PARTS.iter().map(|part| part.id);
    let tasks = TASKS.iter().map(|task| task.id);
    [WHOLE.id].into_iter().chain(parts).chain(tasks)
}

/// Returns the tasks of the demo as the argument of `create_tree`.
pub fn tree() -> Value {
    let parts = PARTS.iter().map(|part| {
        let tasks: Vec<Value> = tasks_of(part.id).map(node).collect();
        json!({ "id": part.id, "title": part.title, "tasks": tasks })
    });
    json!({ "id": WHOLE.id, "title": WHOLE.title, "tasks": parts.collect::<Vec<_>>() })
}

fn node(task: &Task) -> Value {
    json!({
        "id": task.id,
        "title": task.title,
        "blocked_by": task.waits_for,
        "needed_tags": task.needs,
    })
}

const fn hand(name: &'static str, tags: &'static [&'static str], fate: Fate) -> Hand {
    Hand { name, tags, fate }
}

const fn part(id: &'static str, title: &'static str) -> Part {
    Part { id, title }
}

/// Returns a task with defaults for the other fields.
const fn task(id: &'static str, part: &'static str) -> Task {
    Task { id, title: "", part, waits_for: &[], needs: &[], takes_ms: 0, thought: "", result: "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_something_to_do_at_once() {
        let free = |tags: &[&str]| {
            let fits = |task: &&Task| task.needs.iter().all(|tag| tags.contains(tag));
            TASKS.iter().filter(|task| task.waits_for.is_empty()).filter(fits).count()
        };

        for (before, hand) in TEAM.iter().enumerate() {
            assert!(free(hand.tags) > before, "{}", hand.name);
        }
    }

    #[test]
    fn nothing_waits_for_what_comes_later() {
        for (at, task) in TASKS.iter().enumerate() {
            let earlier: Vec<_> = TASKS[..at].iter().map(|task| task.id).collect();
            for name in task.waits_for {
                assert!(earlier.contains(name), "{} waits for {name}", task.id);
            }
        }
    }

    #[test]
    fn one_is_killed_whose_work_others_can_do() {
        let killed: Vec<_> = TEAM.iter().filter(|hand| hand.fate == Fate::IsKilled).collect();

        assert_eq!(killed.len(), 1);
        assert!(killed[0].tags.is_empty());
    }

    #[test]
    fn every_task_has_a_part_and_a_length_one_can_watch() {
        for task in &TASKS {
            assert!(PARTS.iter().any(|part| part.id == task.part), "{}", task.id);
            assert!((150..=400).contains(&task.takes_ms), "{}", task.id);
        }
    }
}
