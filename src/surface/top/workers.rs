//! The workers: name, remaining lease, task and thought.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::cells::{countdown, fitted, short, time};
use super::facts::{Agent, Facts, Row};
use super::page::{BAD, BOLD, BUSY, DIM, PLAIN, Page};

/// The widths of the columns; a column of width 0 is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    worker: usize,
    lease: usize,
    task: usize,
    time: usize,
    thought: usize,
}

const SIGN: usize = 2;

/// Returns the title and at most `room - 1` lines of workers, the selected one among them.
pub fn lines(page: &Page<'_>, width: usize, room: usize) -> Vec<Line<'static>> {
    let facts = page.facts;
    let rows = facts.rows();
    let shown = room.saturating_sub(1);
    let first = window(rows.len(), shown, page.selected);
    let columns = Columns::fitting(width);
    let seen = rows.iter().skip(first).take(shown);
    let workers = seen.clone().filter(|row| row.is_first).count();
    let mut lines = vec![title(columns, workers, facts.agents.total)];
    if rows.is_empty() {
        lines.push(Line::styled(
            fitted("  nobody is here; `task-graph` alone says how agents get it", width),
            DIM,
        ));
    }
    for (at, row) in seen.enumerate() {
        let line = line(facts, row, columns);
        let style = match page.selected == Some(first + at) {
            true => Style::new().add_modifier(Modifier::REVERSED),
            false => PLAIN,
        };
        lines.push(line.patch_style(style));
    }
    lines
}

/// Returns the first visible line, such that the selected one is visible.
fn window(rows: usize, shown: usize, selected: Option<usize>) -> usize {
    let selected = selected.unwrap_or(0);
    let first = (selected + 1).saturating_sub(shown);
    first.min(rows.saturating_sub(shown))
}

impl Columns {
    fn fitting(width: usize) -> Self {
        let rest = |taken: usize| width.saturating_sub(SIGN + taken);
        match width {
            72.. => {
                let rest = rest(16 + 6 + 8);
                let task = rest * 9 / 19;
                Self { worker: 16, lease: 6, task, time: 8, thought: rest - task }
            }
            48..72 => Self { worker: 14, lease: 6, task: rest(14 + 6 + 8), time: 8, thought: 0 },
            _ => {
                let worker = rest(0).min(12);
                Self { worker, lease: 0, task: rest(worker), time: 0, thought: 0 }
            }
        }
    }

    /// Returns the cells, each as wide as its column and with a space at its end.
    fn line(self, cells: [(&str, Style); 5]) -> Vec<Span<'static>> {
        let Self { worker, lease, task, time, thought } = self;
        let widths = [worker, lease, task, time, thought];
        let cells = widths.into_iter().zip(cells).filter(|(width, _)| *width > 0);
        let cells = cells.map(|(width, (text, style))| {
            let text = fitted(text, width - 1);
            Span::styled(text + " ", style)
        });
        cells.collect()
    }
}

fn title(columns: Columns, shown: usize, total: usize) -> Line<'static> {
    let worker = match shown < total {
        true => format!("worker {shown}/{total}"),
        false => "worker".into(),
    };
    let names = [worker.as_str(), "lease", "task", "for", "thought"];
    let mut spans = vec![Span::raw(" ".repeat(SIGN))];
    spans.extend(columns.line(names.map(|name| (name, BOLD))));
    Line::from(spans)
}

fn line(facts: &Facts, row: &Row<'_>, columns: Columns) -> Line<'static> {
    let Row { agent, task, is_first, more } = *row;
    let (sign, sign_style) = sign(agent);
    let task_text = match task {
        Some(id) => task_text(facts, id),
        None if agent.idle => "idle".into(),
        None => "free".into(),
    };
    let known = task.and_then(|id| facts.tasks.get(id));
    let since = known.and_then(|task| task.claimed_at);
    let since = since.map(|since| time(facts.now.since(since))).unwrap_or_default();
    let (lease, lease_style) = lease(facts, agent);
    let thought = match (more, is_first) {
        (1.., _) => format!("and {more} more"),
        (_, false) => String::new(),
        (_, true) => thought(facts, agent),
    };
    let task_style = if task.is_some() { PLAIN } else { DIM };
    let name = if is_first { agent.id.as_str() } else { "" };
    let lease = if is_first { lease.as_str() } else { "" };
    let cells = [
        (name, BOLD),
        (lease, lease_style),
        (task_text.as_str(), task_style),
        (since.as_str(), PLAIN),
        (thought.as_str(), PLAIN),
    ];
    let sign = if is_first { sign } else { " " };
    let mut spans = vec![Span::styled(format!("{sign} "), sign_style)];
    spans.extend(columns.line(cells));
    Line::from(spans)
}

fn sign(agent: &Agent) -> (&'static str, Style) {
    match (agent.reserved_until.is_some(), agent.holds.is_empty()) {
        (true, _) => ("✗", BAD),
        (false, false) if agent.idle => ("◌", BUSY),
        (false, false) => ("●", BUSY),
        (false, true) => ("○", DIM),
    }
}

fn task_text(facts: &Facts, id: &str) -> String {
    match facts.tasks.get(id) {
        Some(task) if task.title != id => format!("{}: {}", short(id), task.title),
        _ => short(id).to_owned(),
    }
}

/// Returns the rest of a worker's lease, and its style.
fn lease(facts: &Facts, agent: &Agent) -> (String, Style) {
    let left = facts.lease - facts.now.since(agent.last_heartbeat);
    match left {
        // Its process is visible, else the worker would not be listed.
        ..=0 => ("lives".into(), DIM),
        left if left < facts.lease / 5 => (countdown(left), BUSY),
        left => (countdown(left), PLAIN),
    }
}

fn thought(facts: &Facts, agent: &Agent) -> String {
    let thought = agent.thought.as_deref().unwrap_or_default();
    match agent.reserved_until {
        Some(until) => format!("its client is gone; kept for {}", time(until.since(facts.now))),
        None if agent.idle && !agent.holds.is_empty() => format!("(idle) {thought}"),
        None => thought.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_take_the_width_there_is() {
        for width in 0..240 {
            let Columns { worker, lease, task, time, thought } = Columns::fitting(width);

            let sum = worker + lease + task + time + thought;
            assert_eq!(sum, width.saturating_sub(SIGN), "{width}");
        }
    }

    #[test]
    fn the_selected_line_is_shown() {
        let cases = [
            (12, 12, None, 0),
            (12, 5, Some(0), 0),
            (12, 5, Some(4), 0),
            (12, 5, Some(5), 1),
            (12, 5, Some(11), 7),
            (3, 5, Some(2), 0),
            (3, 0, Some(2), 3),
        ];
        for (rows, shown, selected, first) in cases {
            assert_eq!(window(rows, shown, selected), first, "{rows} {shown} {selected:?}");
        }
    }
}
