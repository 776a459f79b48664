//! The summary after the demo: the attempts at each task, figures, and the next steps.

use std::env;
use std::time::Duration;

use clap::builder::styling::Style;

use super::news::News;
use super::story;
use super::watcher::Attempt;

const HEADING: Style = Style::new().bold();

/// The measurements and events of a run.
pub struct Ending<'a> {
    pub news: &'a [News],
    /// The attempts at each task, from the store.
    pub history: Vec<(&'static str, Vec<Attempt>)>,
    /// The durations of the workers' calls.
    pub timings: Vec<Duration>,
    pub time: Duration,
}

impl Ending<'_> {
    pub fn text(&self) -> String {
        format!("\n{}\n{}", self.history(), self.figures())
    }

    fn history(&self) -> String {
        let lines = self.history.iter().map(|(task, attempts)| {
            let attempts: Vec<String> = attempts.iter().map(told).collect();
            format!("  {task:<12} {}\n", attempts.join(", then "))
        });
        format!("{HEADING}Who did what{HEADING:#}\n{}", lines.collect::<String>())
    }

    fn figures(&self) -> String {
        let Self { news, timings, time, .. } = self;
        let claims = news.iter().filter(|news| matches!(news, News::Claims { .. }));
        let seconds = time.as_secs_f64();
        let (calls, rate) = (timings.len(), timings.len() as f64 / seconds);
        format!(
            "{HEADING}In figures{HEADING:#}\n  \
             tasks   {} in {} groups\n  \
             claims  {}\n  \
             calls   {calls}, {rate:.0} a second, the median one in {:.1} ms\n  \
             time    {seconds:.1} s\n",
            story::TASKS.len(),
            story::PARTS.len(),
            claims.count(),
            median(timings.clone()).as_secs_f64() * 1e3,
        )
    }
}

fn told(attempt: &Attempt) -> String {
    let Attempt { worker, outcome, time_ms } = attempt;
    let seconds = *time_ms as f64 / 1e3;
    match outcome.as_str() {
        "ended" => format!("{worker} in {seconds:.2} s"),
        outcome => format!("{worker}, who {outcome}"),
    }
}

fn median(mut timings: Vec<Duration>) -> Duration {
    timings.sort();
    timings.get(timings.len() / 2).copied().unwrap_or_default()
}

/// Returns a note with the path of the program, if a shell would not find it by its name.
pub fn whereabouts() -> Option<String> {
    let program = env::current_exe().ok()?;
    let name = program.file_name()?;
    let path = env::var_os("PATH")?;
    let found = env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let hint = format!("\n`task-graph` is not on your PATH; here it is called\n  {}\n", program.display());
    (!found).then_some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_was_taken_over_shows_both_attempts() {
        let attempt = |worker: &str, outcome: &str| Attempt {
            worker: worker.into(),
            outcome: outcome.into(),
            time_ms: 250,
        };
        let ending = Ending {
            news: &[],
            history: vec![("payments", vec![attempt("cleo", "died"), attempt("ben", "ended")])],
            timings: Vec::new(),
            time: Duration::from_secs(1),
        };

        let text = ending.text();

        assert!(text.contains("payments     cleo, who died, then ben in 0.25 s\n"), "{text}");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let timings = [9, 1, 2].map(Duration::from_millis).to_vec();

        assert_eq!(median(timings), Duration::from_millis(2));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }
}
