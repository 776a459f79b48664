//! The figures of a store in the text format that Prometheus reads.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::out::say;
use super::tree;
use crate::App;
use crate::error::{Error, Result};
use crate::ops::Input;

/// The operation that returns the figures.
const FIGURES: &str = "stats";

/// A family of figures: its name, its meaning, and its place in the answer.
struct Family {
    name: &'static str,
    help: &'static str,
    place: &'static str,
    /// The label for the keys of a map; `None` for a single figure.
    label: Option<&'static str>,
    /// The factor that turns milliseconds into seconds, else 1.
    scale: f64,
}

const FAMILIES: &[Family] = &[
    family("tasks", "Tasks by state.", "/tasks", Some("status"), 1.0),
    family("queue_tasks", "Tasks by what can be done with them.", "/depth", Some("standing"), 1.0),
    family("workers", "Workers that are here.", "/workers", None, 1.0),
    family(
        "oldest_ready_seconds",
        "How long the oldest ready task has been ready.",
        "/oldest_ready/waits_ms",
        None,
        1e-3,
    ),
    family(
        "recent_window_seconds",
        "How long the window is: an hour, or less where very much happened.",
        "/span_ms",
        None,
        1e-3,
    ),
    family("recent_created", "Tasks created in the window.", "/created", None, 1.0),
    family("recent_claimed", "Claims in the window.", "/claimed", None, 1.0),
    family("recent_ended", "Tasks that came to an end in the window.", "/ended", Some("status"), 1.0),
    family("recent_retried", "Ends in the window that took more than one attempt.", "/retried", None, 1.0),
    family(
        "recent_attempts_ended",
        "How the newest attempts in the window ended.",
        "/attempts",
        Some("outcome"),
        1.0,
    ),
    family(
        "recent_failures",
        "Failed tasks in the window by the kind of reason.",
        "/failures",
        Some("class"),
        1.0,
    ),
    family(
        "recent_wait_seconds",
        "From ready to claimed, in the window.",
        "/wait_ms",
        Some("quantile"),
        1e-3,
    ),
    family(
        "recent_run_seconds",
        "Time at work of an attempt, in the window.",
        "/run_ms",
        Some("quantile"),
        1e-3,
    ),
];

const fn family(
    name: &'static str,
    help: &'static str,
    place: &'static str,
    label: Option<&'static str>,
    scale: f64,
) -> Family {
    Family { name, help, place, label, scale }
}

/// Writes the figures of the store.
pub fn print(app: &App) -> Result<()> {
    let entry = tree::operation(FIGURES).ok_or_else(|| Error::internal("there are no figures"))?;
    Ok(say(&text(&entry.call(app, Input::of(Map::new()))?))?)
}

fn text(figures: &Value) -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let samples = family.samples(figures);
        if !samples.is_empty() {
            let Family { name, help, .. } = family;
            // Writing to a string does not fail.
            let _ =
                write!(text, "# HELP task_graph_{name} {help}\n# TYPE task_graph_{name} gauge\n{samples}");
        }
    }
    text
}

impl Family {
    fn samples(&self, figures: &Value) -> String {
        let Some(found) = figures.pointer(self.place) else {
            // A missing count is 0; a missing duration has no sample.
            return if self.scale == 1.0 && self.label.is_none() {
                self.sample("", 0.0)
            } else {
                String::new()
            };
        };
        match (found, self.label) {
            (Value::Object(parts), Some(label)) => {
                let parts = parts.iter().filter_map(|(key, value)| Some((key, value.as_f64()?)));
                let known = parts.filter_map(|(key, value)| Some((self.label_value(key)?, value)));
                known.map(|(key, value)| self.sample(&format!("{{{label}=\"{key}\"}}"), value)).collect()
            }
            (value, _) => value.as_f64().map(|value| self.sample("", value)).unwrap_or_default(),
        }
    }

    fn sample(&self, labels: &str, value: f64) -> String {
        format!("task_graph_{}{labels} {}\n", self.name, value * self.scale)
    }

    /// Returns a key as the value of a label, or `None` if it is no figure of this family.
    fn label_value(&self, key: &str) -> Option<String> {
        if self.label != Some("quantile") {
            return Some(key.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
        }
        let percent: f64 = key.strip_prefix('p')?.parse().ok()?;
        Some((percent / 100.0).to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let figures = json!({
            "tasks": { "pending": 3 }, "workers": 2, "failures": { "he said \"no\"": 1 },
            "wait_ms": { "p50": 1500, "p95": 20, "of": 7 },
        });

        let text = text(&figures);

        for line in [
            "# HELP task_graph_tasks Tasks by state.",
            "# TYPE task_graph_tasks gauge",
            "task_graph_tasks{status=\"pending\"} 3",
            "task_graph_workers 2",
            "task_graph_recent_created 0",
            "task_graph_recent_failures{class=\"he said \\\"no\\\"\"} 1",
            "task_graph_recent_wait_seconds{quantile=\"0.5\"} 1.5",
            "task_graph_recent_wait_seconds{quantile=\"0.95\"} 0.02",
        ] {
            assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("oldest_ready") && !text.contains("\"of\""), "{text}");
    }
}
