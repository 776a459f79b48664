//! The whole view as lines, as many as the screen has room for.

use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::cells::{bars, clipped, columns, cut, fitted, time};
use super::facts::Facts;
use super::keys::Mode;
use super::pace::HOUR;
use super::plan::Plan;
use super::{marks, messages, workers};
use crate::domain::Millis;

pub const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub const GOOD: Style = Style::new().fg(Color::Green);
pub const BUSY: Style = Style::new().fg(Color::Yellow);
pub const BAD: Style = Style::new().fg(Color::Red);
pub const PLAIN: Style = Style::new();

/// The content of a screen.
pub struct Page<'a> {
    /// The name of the project.
    pub name: &'a str,
    pub facts: &'a Facts,
    /// The selected line among the workers.
    pub selected: Option<usize>,
    pub bottom: Bottom<'a>,
}

/// The content of the last line.
pub enum Bottom<'a> {
    /// No last line: the view takes no keys.
    Nothing,
    Keys {
        mode: &'a Mode,
        /// The outcome of the last key.
        said: Option<&'a str>,
        /// The reason why the facts are old.
        trouble: Option<&'a str>,
    },
}

impl Page<'_> {
    /// Returns the number of lines that show everything.
    pub fn full_height(&self) -> usize {
        Plan::full(self.facts).height()
    }

    /// Draws the view over the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let lines = self.lines(area.width.into(), area.height.into());
        for (y, line) in (area.y..area.bottom()).zip(&lines) {
            frame.buffer_mut().set_line(area.x, y, line, area.width);
        }
    }

    /// Returns lines of at most `width` columns, at most `height` of them.
    pub fn lines(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let bottom = self.bottom(width);
        let room = height.saturating_sub(usize::from(bottom.is_some()));
        let plan = Plan::fitting(self.facts, room);
        let mut lines = self.head(width);
        lines.truncate(plan.head);
        section(&mut lines, plan.workers, |rows| workers::lines(self, width, rows));
        section(&mut lines, plan.marks, |rows| marks::lines(self.facts, width, rows));
        section(&mut lines, plan.messages, |rows| messages::lines(self.facts, width, rows));
        lines.truncate(room);
        if let Some(bottom) = bottom.filter(|_| height > 0) {
            lines.resize(room, Line::default());
            lines.push(bottom);
        }
        lines.into_iter().map(|line| narrowed(line, width)).collect()
    }

    fn head(&self, width: usize) -> Vec<Line<'static>> {
        let Facts { counts, agents, .. } = self.facts;
        let at_work = agents.workers.iter().filter(|agent| !agent.holds.is_empty()).count();
        let team = format!("{}, {at_work} at work", some(agents.total, "worker"));
        let title = format!("task-graph  {}", self.name);
        let left = width.saturating_sub(columns(&team) + 2);
        let mut first = vec![Span::styled(fitted(&title.replace("  ", " · "), left), BOLD)];
        if left > 0 {
            first.push(Span::raw(format!("  {team}")));
        }
        let numbers = [
            (counts.total, if counts.total == 1 { "task" } else { "tasks" }, PLAIN),
            (counts.ready, "ready", GOOD),
            (counts.blocked, "blocked", PLAIN),
            (counts.held, "held", BUSY),
            (counts.ended, "ended", DIM),
        ];
        let states = counts.by_status.iter().map(|(name, number)| format!("{name} {number}"));
        let states: Vec<String> = states.collect();
        let mut lines = vec![Line::from(first), numbers_line(&numbers, width)];
        lines.push(Line::styled(cut(&states.join(" · "), width), DIM));
        lines.push(self.pace(width));
        lines
    }

    /// Returns the line about the pace.
    fn pace(&self, width: usize) -> Line<'static> {
        const LATELY: Millis = 300_000;
        let Facts { pace, now, .. } = self.facts;
        let known = pace.known(*now);
        let (hour, lately) = (pace.within(known, *now), pace.within(LATELY, *now));
        let span = if known < HOUR { time(known) } else { "hour".into() };
        let text = format!("done: {hour} in the last {span}, {lately} in the last 5 min");
        let bars = bars(&pace.bars(*now));
        if columns(&text) + 2 + columns(&bars) > width {
            return Line::raw(cut(&text, width));
        }
        Line::from(vec![Span::raw(format!("{text}  ")), Span::styled(bars, GOOD)])
    }

    fn bottom(&self, width: usize) -> Option<Line<'static>> {
        const KEYS: &str = "↑↓ choose · s stop · d redirect · r release · q quit";
        let Bottom::Keys { mode, said, trouble } = &self.bottom else {
            return None;
        };
        if let Mode::Writing { order, target, text } = mode {
            let question = format!("{}: {}: ", target.worker, order.question());
            // A long text is cut at its start: the person types at its end.
            let room = width.saturating_sub(columns(&question) + 1);
            let end: Vec<char> = text.chars().rev().take(room).collect();
            let end: String = end.into_iter().rev().collect();
            let line = vec![Span::styled(cut(&question, width), BOLD), Span::raw(" "), Span::raw(end + "▏")];
            return Some(Line::from(line));
        }
        Some(match (trouble, said) {
            (Some(trouble), _) => Line::styled(cut(trouble, width), BAD),
            (None, Some(said)) => Line::styled(cut(said, width), BOLD),
            (None, None) => Line::styled(cut(KEYS, width), DIM),
        })
    }
}

/// Cuts a line to `width`: the columns have a least width, so it may be too long.
fn narrowed(line: Line<'static>, width: usize) -> Line<'static> {
    let mut left = width;
    let narrow = |span: Span<'static>| {
        let text = clipped(&span.content, left);
        left = left.saturating_sub(columns(&span.content));
        Span::styled(text, span.style)
    };
    Line { spans: line.spans.into_iter().map(narrow).collect(), ..line }
}

/// Adds a part with an empty line before it, if it has room.
fn section(lines: &mut Vec<Line<'static>>, room: usize, part: impl FnOnce(usize) -> Vec<Line<'static>>) {
    if room >= 2 {
        lines.push(Line::default());
        lines.extend(part(room - 1));
    }
}

/// Returns as many of the numbers as fit.
fn numbers_line(numbers: &[(i64, &str, Style)], width: usize) -> Line<'static> {
    const GAP: &str = "   ";
    let mut line = Line::default();
    for (number, name, style) in numbers {
        let gap = if line.spans.is_empty() { "" } else { GAP };
        let text = format!("{number} {name}");
        if line.width() + gap.len() + columns(&text) > width {
            break;
        }
        line.push_span(Span::raw(gap));
        line.push_span(Span::styled(text, *style));
    }
    line
}

/// Returns a number and its noun.
pub fn some(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// Returns the title of a part, with both counts if not all of it is shown.
pub fn titled(title: &str, shown: usize, total: usize) -> String {
    match shown < total {
        true => format!("{title} ({shown} of {total})"),
        false => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::{Value, json};

    use super::super::facts::Target;
    use super::super::keys::Order;
    use super::*;

    fn facts(workers: usize) -> Facts {
        let agent = |n| {
            json!({
                "id": format!("worker-{n}"), "holds": [format!("task-{n}"), "表を作る"], "holds_total": 5,
                "thought": "one\ntwo\u{1b}[2J", "last_heartbeat": "2026-01-31T12:00:00Z",
            })
        };
        let agents: Vec<Value> = (0..workers).map(agent).collect();
        let read = |value: Value| serde_json::from_value(value).unwrap();
        let mut facts = Facts { lease: 300_000, ..Facts::default() };
        facts.agents = serde_json::from_value(json!({ "workers": agents, "total": workers })).unwrap();
        facts.tasks = [("task-0".into(), read(json!({ "title": "T", "attempt": 1 })))].into();
        facts.marks = serde_json::from_value(json!({
            "marks": [{ "file": "src/a.rs", "worker_id": "worker-1", "wanted_by": ["worker-2"] }], "total": 1,
        }))
        .unwrap();
        facts.messages = serde_json::from_value(json!({
            "messages": [{ "at": "2026-01-31T12:00:00Z", "kind": "stop", "text": "now" }], "total": 40,
        }))
        .unwrap();
        facts
    }

    /// Returns the content of a screen of this size.
    fn screen(page: &Page<'_>, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| page.draw(frame)).unwrap();
        let cells = terminal.backend().buffer().content();
        let rows = cells.chunks(usize::from(width).max(1));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect()).collect()
    }

    fn writing() -> Mode {
        let target = Target { worker: "worker-1".into(), task: None, attempt: 0 };
        Mode::Writing { order: Order::Redirect, target, text: "to the docs".repeat(40) }
    }

    #[test]
    fn it_fits_any_screen() {
        let writing = writing();
        for workers in [0, 3, 64] {
            let facts = facts(workers);
            let bottom = Bottom::Keys { mode: &writing, said: None, trouble: None };
            let page = Page { name: "shop", facts: &facts, selected: workers.checked_sub(1), bottom };
            for width in 0..120 {
                for height in (0..40).step_by(3) {
                    let lines = page.lines(width, height);

                    assert!(lines.len() <= height, "{width}x{height}");
                    let widest = lines.iter().map(Line::width).max().unwrap_or_default();
                    assert!(widest <= width, "{width}x{height}: {widest}");
                }
            }
            for (width, height) in [(1, 1), (20, 5), (40, 12), (80, 24)] {
                let _ = screen(&page, width, height);
            }
        }
    }

    #[test]
    fn the_last_line_says_what_the_keys_do_or_what_is_being_written() {
        let (facts, watching, writing) = (facts(3), Mode::Watching, writing());
        let last = |bottom| {
            let page = Page { name: "shop", facts: &facts, selected: Some(0), bottom };
            screen(&page, 60, 20).pop().unwrap()
        };

        let keys = last(Bottom::Keys { mode: &watching, said: None, trouble: None });
        let said = last(Bottom::Keys { mode: &watching, said: Some("told ann"), trouble: None });
        let trouble = last(Bottom::Keys { mode: &watching, said: Some("told ann"), trouble: Some("gone") });
        let line = last(Bottom::Keys { mode: &writing, said: None, trouble: Some("gone") });

        assert!(keys.contains("s stop · d redirect · r release · q quit"), "{keys}");
        assert_eq!([said.trim(), trouble.trim()], ["told ann", "gone"]);
        assert!(line.starts_with("worker-1: tell it what to do instead"), "{line}");
        assert!(line.trim_end().ends_with("to the docs▏"), "{line}");
    }

    #[test]
    fn what_workers_write_cannot_drive_the_terminal() {
        let facts = facts(1);
        let page = Page { name: "shop", facts: &facts, selected: None, bottom: Bottom::Nothing };

        let text = super::super::plain::text(&page.lines(100, 40), super::super::Colours::No);

        assert!(text.contains("one two[2J"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }

    #[test]
    fn a_worker_with_several_tasks_has_a_line_for_each_that_is_listed() {
        let facts = facts(1);
        let page = Page { name: "shop", facts: &facts, selected: Some(1), bottom: Bottom::Nothing };

        let lines = screen(&page, 100, 30);

        assert!(lines[6].starts_with("● worker-0        "), "{lines:?}");
        assert!(lines[7].trim_start().starts_with('表'), "{lines:?}");
        assert!(lines[7].contains("and 3 more"), "{lines:?}");
    }
}
