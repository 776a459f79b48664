//! Events as lines of text: for files, pipes and small terminals.

use std::time::Duration;

use super::news::News;

/// Returns the line for an event, without a line break.
pub fn line(at: Duration, news: &News) -> String {
    let (who, does, what) = match news {
        News::Joins { worker, tags } if tags.is_empty() => (worker.as_str(), "joins", String::new()),
        News::Joins { worker, tags } => (worker.as_str(), "joins", format!("can {}", tags.join(", "))),
        News::Claims { worker, task, attempt: 1 } => (worker.as_str(), "claims", task.clone()),
        News::Claims { worker, task, attempt } => {
            (worker.as_str(), "takes over", format!("{task}  attempt {attempt}"))
        }
        News::Thinks { worker, thought } => (worker.as_str(), "thinks", thought.clone()),
        News::Completes { worker, task, result } => {
            (worker.as_deref().unwrap_or_default(), "completes", format!("{task}: {result}"))
        }
        News::Returns { task, cause } => ("", "comes back", format!("{task}: its worker {cause}")),
        News::Killed { worker, task } => (worker.as_str(), "is killed", format!("at work on {task}")),
    };
    let line = format!("{:>5.1}s  {who:<5} {does:<11} {what}", at.as_secs_f64());
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(attempt: u64) -> News {
        News::Claims { worker: "ann".into(), task: "schema".into(), attempt }
    }

    #[test]
    fn a_line_says_when_who_and_what() {
        let cases = [
            (claims(1), "  1.2s  ann   claims      schema"),
            (claims(2), "  1.2s  ann   takes over  schema  attempt 2"),
            (News::Joins { worker: "cleo".into(), tags: Vec::new() }, "  1.2s  cleo  joins"),
            (
                News::Completes {
                    worker: None,
                    task: "backend".into(),
                    result: "all in it have ended".into(),
                },
                "  1.2s        completes   backend: all in it have ended",
            ),
        ];

        for (news, expected) in cases {
            assert_eq!(line(Duration::from_millis(1_234), &news), expected);
        }
    }
}
