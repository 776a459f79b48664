//! Checks the events of the feed against the rules.

use std::collections::HashMap;

use super::news::News;
use super::story::{self, Fate};
use super::watcher::Count;

/// The message for a run without faults.
pub const GOOD: &str = "
Every task was completed exactly once, none was begun before what it waits for,
and the work of the killed one was taken over.
";

/// Returns all faults of a run.
pub fn faults(news: &[News], count: Count) -> Vec<String> {
    let mut faults = Vec::new();
    faults.extend(not_completed_once(news));
    faults.extend(held_twice(news));
    faults.extend(begun_too_early(news));
    faults.extend(not_taken_over(news));
    faults.extend(miscounted(count));
    faults
}

fn not_completed_once(news: &[News]) -> Vec<String> {
    let faults = story::all_ids().filter_map(|id| match completions(news, id).count() {
        0 => Some(format!("`{id}` was never completed")),
        1 => None,
        times => Some(format!("`{id}` was completed {times} times")),
    });
    faults.collect()
}

fn held_twice(news: &[News]) -> Vec<String> {
    let mut holders: HashMap<&str, &str> = HashMap::new();
    let mut faults = Vec::new();
    for event in news {
        match event {
            News::Claims { worker, task, .. } => {
                if let Some(holder) = holders.insert(task, worker) {
                    faults.push(format!("`{worker}` claimed `{task}` while `{holder}` had it"));
                }
            }
            News::Completes { task, .. } | News::Returns { task, .. } => {
                holders.remove(task.as_str());
            }
            _ => {}
        }
    }
    faults
}

fn begun_too_early(news: &[News]) -> Vec<String> {
    let waits = story::TASKS.iter().flat_map(|task| {
        let blockers = task.waits_for.iter();
        blockers.map(move |blocker| (*blocker, task.id))
    });
    let early = waits.filter(|(blocker, task)| {
        let completed = completions(news, blocker).next();
        let claimed = claims(news, task).map(|(at, _)| at).next();
        // A task that was never completed is reported as another fault.
        matches!((completed, claimed), (Some((completed, _)), Some(claimed)) if claimed < completed)
    });
    early.map(|(blocker, task)| format!("`{task}` was claimed before `{blocker}` was completed")).collect()
}

/// Returns the faults of killed workers: their tasks have to be completed by other workers.
fn not_taken_over(news: &[News]) -> Vec<String> {
    let doomed = story::TEAM.iter().filter(|hand| hand.fate == Fate::IsKilled);
    let faults = doomed.filter_map(|hand| {
        let lost = news.iter().find_map(|event| match event {
            News::Killed { worker, task } if worker == hand.name => Some(task),
            _ => None,
        });
        let Some(task) = lost else {
            return Some(format!("`{}` was not killed", hand.name));
        };
        let heirs = completions(news, task).filter_map(|(_, worker)| worker);
        match heirs.last() {
            Some(heir) if heir != hand.name && claims(news, task).count() > 1 => None,
            _ => Some(format!("nobody took over `{task}` from `{}`", hand.name)),
        }
    });
    faults.collect()
}

fn miscounted(Count { total, completed }: Count) -> Option<String> {
    let planned = story::all_ids().count() as u64;
    (total != planned || completed != planned).then(|| {
        format!("the store counts {completed} of {total} tasks as completed, not {planned} of {planned}")
    })
}

/// Returns the positions of a task's claims in the events, each with its worker.
fn claims<'a>(news: &'a [News], id: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    news.iter().enumerate().filter_map(move |(at, event)| match event {
        News::Claims { worker, task, .. } if task == id => Some((at, worker.as_str())),
        _ => None,
    })
}

/// Returns the positions of a task's completions in the events, each with its worker.
fn completions<'a>(news: &'a [News], id: &'a str) -> impl Iterator<Item = (usize, Option<&'a str>)> {
    news.iter().enumerate().filter_map(move |(at, event)| match event {
        News::Completes { worker, task, .. } if task == id => Some((at, worker.as_deref())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Count = Count { total: 16, completed: 16 };

    fn claims(worker: &str, task: &str, attempt: u64) -> News {
        News::Claims { worker: worker.into(), task: task.into(), attempt }
    }

    fn completes(worker: Option<&str>, task: &str) -> News {
        News::Completes { worker: worker.map(Into::into), task: task.into(), result: String::new() }
    }

    fn returns(task: &str) -> News {
        News::Returns { task: task.into(), cause: "died".into() }
    }

    /// The events of a run without faults: `cleo` dies while working on `payments`, `ann` does everything.
    fn well_played() -> Vec<News> {
        let mut news = vec![claims("cleo", "payments", 1)];
        news.push(News::Killed { worker: "cleo".into(), task: "payments".into() });
        news.push(returns("payments"));
        for task in &story::TASKS {
            news.push(claims("ann", task.id, 1));
            news.push(completes(Some("ann"), task.id));
        }
        let parts = story::PARTS.iter().chain([&story::WHOLE]);
        news.extend(parts.map(|part| completes(None, part.id)));
        news
    }

    fn place_of(news: &[News], event: &News) -> usize {
        news.iter().position(|other| other == event).unwrap()
    }

    #[test]
    fn a_story_played_well_has_no_faults() {
        assert_eq!(faults(&well_played(), ALL), Vec::<String>::new());
    }

    #[test]
    fn a_doubled_completion_is_a_fault() {
        let mut news = well_played();
        news.push(completes(Some("ben"), "docs"));

        assert_eq!(faults(&news, ALL), ["`docs` was completed 2 times"]);
    }

    #[test]
    fn a_missing_completion_is_a_fault() {
        let mut news = well_played();
        news.retain(|event| *event != completes(None, "backend"));
        let count = Count { completed: 15, ..ALL };

        let faults = faults(&news, count);

        assert_eq!(
            faults,
            ["`backend` was never completed", "the store counts 15 of 16 tasks as completed, not 16 of 16",]
        );
    }

    #[test]
    fn a_claim_before_its_blocker_is_done_is_a_fault() {
        let mut news = well_played();
        let claim = claims("ann", "receipts", 1);
        let at = place_of(&news, &claim);
        news.remove(at);
        let blocker = place_of(&news, &completes(Some("ann"), "payments"));
        news.insert(blocker, claim);

        assert_eq!(faults(&news, ALL), ["`receipts` was claimed before `payments` was completed"]);
    }

    #[test]
    fn two_holders_at_a_time_are_a_fault() {
        let mut news = well_played();
        let at = place_of(&news, &claims("ann", "docs", 1));
        news.insert(at + 1, claims("ben", "docs", 2));

        assert_eq!(faults(&news, ALL), ["`ben` claimed `docs` while `ann` had it"]);
    }

    #[test]
    fn work_that_nobody_took_over_is_a_fault() {
        let mut news = well_played();
        news.retain(|event| *event != claims("ann", "payments", 1));

        assert_eq!(faults(&news, ALL), ["nobody took over `payments` from `cleo`"]);
    }

    #[test]
    fn a_worker_that_survived_is_a_fault() {
        let mut news = well_played();
        news.retain(|event| !matches!(event, News::Killed { .. }));

        assert_eq!(faults(&news, ALL), ["`cleo` was not killed"]);
    }
}
