//! Events of the demo, read from the store's feed.

use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Joins {
        worker: String,
        tags: Vec<String>,
    },
    Claims {
        worker: String,
        task: String,
        attempt: u64,
    },
    Thinks {
        worker: String,
        thought: String,
    },
    Completes {
        /// None for a task that completed itself.
        worker: Option<String>,
        task: String,
        result: String,
    },
    /// The task has lost its holder and can be claimed again.
    Returns {
        task: String,
        cause: String,
    },
    /// The only event that is not in the store.
    Killed {
        worker: String,
        task: String,
    },
}

impl News {
    /// Converts an entry of the feed to an event; most entries are ignored.
    pub fn read(entry: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let worker = text(&entry["worker_id"]);
        let task = text(&entry["task"]);
        let after = &entry["after"];
        match (entry["event"].as_str()?, after["status"].as_str()) {
            ("connected", _) => {
                let tags = after["tags"].as_array().into_iter().flatten();
                Some(Self::Joins { worker: worker?, tags: tags.filter_map(text).collect() })
            }
            ("thought", _) => Some(Self::Thinks { worker: worker?, thought: text(&after["thought"])? }),
            ("status", Some("working")) => {
                Some(Self::Claims { worker: worker?, task: task?, attempt: entry["attempt"].as_u64()? })
            }
            ("status", Some("completed")) => Some(Self::Completes {
                worker,
                task: task?,
                result: text(&entry["reason"]).unwrap_or_default(),
            }),
            ("status", Some("pending")) => {
                Some(Self::Returns { task: task?, cause: text(&entry["cause"]).unwrap_or_default() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_feed_tells_who_took_what() {
        let entry = json!({
            "id": 10, "event": "status", "task": "schema", "worker_id": "ann", "attempt": 2,
            "cause": "claim", "before": { "status": "pending" }, "after": { "status": "working" },
        });

        let claims = News::Claims { worker: "ann".into(), task: "schema".into(), attempt: 2 };
        assert_eq!(News::read(&entry), Some(claims));
    }

    #[test]
    fn a_task_that_completes_itself_has_no_worker() {
        let entry = json!({
            "event": "status", "task": "backend", "cause": "rollup", "reason": "all done",
            "after": { "status": "completed" },
        });

        let completes = News::Completes { worker: None, task: "backend".into(), result: "all done".into() };
        assert_eq!(News::read(&entry), Some(completes));
    }

    #[test]
    fn what_nobody_looks_at_is_no_news() {
        let entry = json!({ "event": "linked", "task": "b", "after": { "from": "a", "to": "b" } });

        assert_eq!(News::read(&entry), None);
    }
}
