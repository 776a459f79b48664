//! An answer as text for people. The layout depends only on the shape of the JSON.
//!
//! Objects are lines of `key: value`, lists of objects are tables. The text always contains
//! styles; the writer strips them where they do not belong.

mod table;

use clap::builder::styling::Style;
use serde_json::{Map, Value};

/// The longest list, in characters, that is shown on one line.
const LIST_WIDTH: usize = 100;
const INDENT: usize = 2;
const KEY: Style = Style::new().bold();

/// Returns `answer` as text that fits into `width` columns, if there is such a limit.
pub fn show(answer: &Value, width: Option<u16>) -> String {
    let mut page = Page { text: String::new(), width: width.map(usize::from), indent: 0 };
    page.value(answer);
    page.text
}

struct Page {
    text: String,
    width: Option<usize>,
    indent: usize,
}

impl Page {
    fn value(&mut self, value: &Value) {
        match (one_line(value), value) {
            (Some(text), _) => self.line(&text),
            (None, Value::Object(object)) => self.object(object),
            (None, Value::Array(items)) => self.list(items),
            (None, value) => plain(value).lines().for_each(|line| self.line(line)),
        }
    }

    fn object(&mut self, object: &Map<String, Value>) {
        for (key, value) in object {
            let key = format!("{KEY}{}:{KEY:#}", visible(key));
            if let Some(text) = one_line(value) {
                self.line(&format!("{key} {text}"));
                continue;
            }
            self.line(&key);
            self.indented(|page| page.value(value));
        }
    }

    fn list(&mut self, items: &[Value]) {
        let Some(rows) = items.iter().map(Value::as_object).collect::<Option<Vec<_>>>() else {
            return self.points(items);
        };
        let width = self.width.map(|width| width.saturating_sub(self.indent));
        match table::lines(&rows, width) {
            Some(lines) => lines.iter().for_each(|line| self.line(line)),
            None => self.points(items),
        }
    }

    /// Writes items below each other, each with a dash before its first line.
    fn points(&mut self, items: &[Value]) {
        for item in items {
            let start = self.text.len() + self.indent;
            self.indented(|page| page.value(item));
            self.text.replace_range(start..start + 1, "-");
        }
    }

    fn indented(&mut self, write: impl FnOnce(&mut Self)) {
        self.indent += INDENT;
        write(self);
        self.indent -= INDENT;
    }

    fn line(&mut self, text: &str) {
        let line = format!("{:indent$}{text}", "", indent = self.indent);
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// Returns the value as a line, unless it needs several.
fn one_line(value: &Value) -> Option<String> {
    let text = match value {
        Value::Object(object) if !object.is_empty() => return None,
        Value::Array(items) => {
            let texts = items.iter().map(one_line).collect::<Option<Vec<_>>>()?;
            let joined = texts.join(", ");
            let nested = items.iter().any(Value::is_array);
            if items.len() > 1 && (nested || joined.len() > LIST_WIDTH) {
                return None;
            }
            joined
        }
        value => plain(value),
    };
    match text.trim_end_matches('\n') {
        "" if !value.is_string() => Some("none".into()),
        text if text.contains('\n') => None,
        text => Some(text.to_owned()),
    }
}

/// Returns a value as words, however long.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => visible(text),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(object) => {
            let pairs = object.iter().map(|(key, value)| format!("{}: {}", visible(key), plain(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Makes control characters harmless: a task's title must not drive the terminal.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(answer: Value, width: Option<u16>) -> String {
        anstream::adapter::strip_str(&show(&answer, width)).to_string()
    }

    #[test]
    fn an_object_is_lines_of_keys_and_values() {
        let answer = json!({
            "id": "schema", "ready": true, "tags": ["rust", "sql"], "needs": [], "parent": null,
            "since": "2026-01-31T12:00:00Z", "meta": {}, "cost": { "usd": 1.5, "by": ["ann"] },
        });

        assert_eq!(
            shown(answer, None),
            "id: schema\nready: yes\ntags: rust, sql\nneeds: none\nparent: none\n\
             since: 2026-01-31T12:00:00Z\nmeta: none\ncost:\n  usd: 1.5\n  by: ann\n"
        );
    }

    #[test]
    fn a_list_of_objects_is_a_table_without_its_empty_columns() {
        let answer = json!({
            "tasks": [
                { "id": "a", "title": "First", "points": 3, "tags": [], "owner": null },
                { "id": "long-id", "points": 12, "tags": [], "blocked": true },
            ],
            "total": 2,
        });

        assert_eq!(
            shown(answer, Some(80)),
            "tasks:\n  id       title  points  blocked\n  a        First       3\n  \
             long-id             12  yes\ntotal: 2\n"
        );
    }

    #[test]
    fn long_cells_are_cut_to_fit_the_terminal_and_whole_in_a_pipe() {
        let title = "a title with many words that goes on and on and on";
        let answer = || json!([{ "id": "a", "title": title }]);

        let narrow = shown(answer(), Some(30));

        assert!(narrow.lines().all(|line| line.chars().count() <= 30), "{narrow}");
        assert!(narrow.contains('…'), "{narrow}");
        assert!(shown(answer(), None).contains(title));
    }

    #[test]
    fn a_table_that_cannot_fit_becomes_records() {
        let row = json!({ "a": 1, "b": 2, "c": 3, "d": [{ "e": 4 }] });

        assert_eq!(
            shown(json!({ "rows": [row, { "a": 5 }] }), Some(20)),
            "rows:\n  - a: 1\n    b: 2\n    c: 3\n    d:\n      e\n      4\n  - a: 5\n"
        );
    }

    #[test]
    fn long_texts_and_long_lists_have_lines_of_their_own() {
        let answer = json!({ "description": "one\n\ntwo\n", "notes": ["x".repeat(60), "y".repeat(60)] });

        assert_eq!(
            shown(answer, None),
            format!("description:\n  one\n\n  two\nnotes:\n  - {}\n  - {}\n", "x".repeat(60), "y".repeat(60))
        );
    }

    #[test]
    fn a_text_cannot_drive_the_terminal() {
        let answer = json!({ "title": "\u{1b}[2Jgone\u{7}" });

        assert_eq!(shown(answer, None), "title: \\u{1b}[2Jgone\\u{7}\n");
    }
}
