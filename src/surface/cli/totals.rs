//! The answers of many calls, added up to one.

use serde_json::{Map, Value, json};

use crate::error::{Error, Kind, Misfit};

/// The most failed rows that are named.
const FAILED: usize = 100;

#[derive(Default)]
pub struct Totals {
    pub calls: usize,
    pub rows: usize,
    sums: Map<String, Value>,
    failed: Vec<Value>,
    failed_total: u64,
    last_line: u64,
}

impl Totals {
    /// Adds the answer of a call; `lines` are the lines of its rows.
    pub fn add(&mut self, answer: Value, lines: &[u64], last: u64) {
        self.calls += 1;
        self.rows += lines.len();
        self.last_line = last;
        let Value::Object(mut answer) = answer else {
            return;
        };
        let failed = answer.shift_remove("failed");
        let total = answer.shift_remove("failed_total").and_then(|total| total.as_u64());
        if let Some(Value::Array(failed)) = failed {
            self.failed_total += total.unwrap_or(failed.len() as u64);
            let room = FAILED - self.failed.len();
            self.failed.extend(failed.into_iter().take(room).map(|failure| in_line(failure, lines)));
        }
        for (name, value) in answer {
            merge(&mut self.sums, name, value);
        }
    }

    /// Adds a line that is no row.
    pub fn add_broken(&mut self, line: u64, error: &Error) {
        self.failed_total += 1;
        self.last_line = line;
        if self.failed.len() < FAILED {
            let failure = json!({ "line": line, "code": error.code(), "message": error.to_string() });
            self.failed.push(failure);
        }
    }

    /// Returns the totals, with the last line if the run stopped early.
    pub fn answer(self, stopped: bool) -> Value {
        let mut answer = self.sums;
        if !self.failed.is_empty() {
            let unnamed = self.failed_total > self.failed.len() as u64;
            answer.insert("failed".into(), self.failed.into());
            if unnamed {
                answer.insert("failed_total".into(), self.failed_total.into());
            }
        }
        if answer.is_empty() {
            answer.insert("rows".into(), self.rows.into());
        }
        if stopped {
            answer.insert("stopped_after_line".into(), self.last_line.into());
        }
        answer.into()
    }
}

/// Adds up counts and concatenates lists. Otherwise the newest value counts, except for `first`.
fn merge(sums: &mut Map<String, Value>, name: String, value: Value) {
    let Some(sum) = sums.get_mut(&name) else {
        sums.insert(name, value);
        return;
    };
    match (sum, value) {
        (Value::Number(sum), Value::Number(more)) => {
            let total = sum.as_i64().zip(more.as_i64()).map(|(sum, more)| sum + more);
            *sum = total.map_or(more, Into::into);
        }
        (Value::Array(sum), Value::Array(more)) => {
            // A notice that every call repeats is shown once.
            let is_new = |item: &Value| name != "notices" || !sum.contains(item);
            let more: Vec<Value> = more.into_iter().filter(is_new).collect();
            sum.extend(more);
        }
        (Value::Object(sum), Value::Object(more)) => sum.extend(more),
        (_, _) if name == "first" => {}
        (sum, value) => *sum = value,
    }
}

/// Replaces the row number of a failure by its line in the file.
fn in_line(mut failure: Value, lines: &[u64]) -> Value {
    let at = failure.get("at").and_then(Value::as_u64).unwrap_or_default();
    let line = line_of(at as usize, lines);
    let message = failure.get("message").and_then(Value::as_str).unwrap_or_default();
    let message = within(message).to_owned();
    if let Some(facts) = failure.as_object_mut() {
        facts.shift_remove("at");
        facts.shift_insert(0, "line".into(), json!(line));
        facts.insert("message".into(), message.into());
    }
    failure
}

/// Returns the refusal of a call with the lines of its rows.
pub fn in_lines(error: Error, lines: &[u64]) -> Error {
    let (misfits, total) = match (error, lines) {
        (Error::Items { misfits, total }, _) => (misfits, total),
        (error, [first, .., last])
            if matches!(error.kind(), Kind::Input | Kind::NotFound | Kind::Refused) =>
        {
            let place = format!("lines {first} to {last}");
            (vec![Misfit { at: 0, place, error: Box::new(error) }], 1)
        }
        (error, _) => return error,
    };
    let told = misfits.into_iter().map(|Misfit { at, place, error }| {
        let line = line_of(at, lines);
        let place = match within(&place) {
            _ if !place.starts_with("rows[") => place,
            "" => format!("line {line}"),
            column => format!("line {line}, {column}"),
        };
        Misfit { at: line as usize, place, error }
    });
    Error::Items { misfits: told.collect(), total }
}

fn line_of(at: usize, lines: &[u64]) -> u64 {
    lines.get(at).copied().unwrap_or_default()
}

/// Returns the text after the place of a row: `rows[3].priority: …`.
fn within(text: &str) -> &str {
    let rest = text.strip_prefix("rows[").and_then(|text| text.split_once(']')).map(|(_, rest)| rest);
    rest.unwrap_or(text).trim_start_matches(['.', ':', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_add_up() {
        let mut totals = Totals::default();
        let failure = json!({ "at": 1, "code": "input", "message": "rows[1].priority: takes a number" });

        totals.add(json!({ "created": 2, "first": "a", "last": "b", "notices": ["hm"] }), &[2, 3], 3);
        totals.add(
            json!({ "created": 1, "first": "c", "last": "d", "notices": ["hm"], "failed": [failure] }),
            &[4, 6],
            6,
        );

        let failed = json!([{ "line": 6, "code": "input", "message": "priority: takes a number" }]);
        assert_eq!(
            totals.answer(false),
            json!({ "created": 3, "first": "a", "last": "d", "notices": ["hm"], "failed": failed })
        );
    }

    #[test]
    fn a_refusal_names_the_line() {
        let misfit =
            |place: &str| Misfit { at: 1, place: place.to_owned(), error: Box::new(Error::input("no", "")) };
        let told = |place: &str| {
            in_lines(Error::Items { misfits: vec![misfit(place)], total: 1 }, &[2, 5]).to_string()
        };

        assert_eq!(told("rows[1]"), "line 5: no");
        assert_eq!(told("rows[1].priority"), "line 5, priority: no");
    }
}
