//! The marks on files, first those that others wait for.

use ratatui::text::{Line, Span};

use super::cells::{fitted, short};
use super::facts::{Facts, Mark};
use super::page::{BOLD, BUSY, DIM, PLAIN, titled};

/// Returns the title and at most `room - 1` marks.
pub fn lines(facts: &Facts, width: usize, room: usize) -> Vec<Line<'static>> {
    let marks = &facts.marks;
    let shown = marks.marks.len().min(room.saturating_sub(1));
    let title = titled("files that are marked", shown, marks.total);
    let mut lines = vec![Line::styled(format!("  {}", fitted(&title, width.saturating_sub(2))), BOLD)];
    lines.extend(marks.marks.iter().take(shown).map(|mark| line(mark, width)));
    lines
}

fn line(mark: &Mark, width: usize) -> Line<'static> {
    const WORKER: usize = 16;
    let file = (width / 3).max(12);
    let rest = width.saturating_sub(2 + file + WORKER);
    let (note, style) = note(mark);
    let sign = if mark.wanted_by.is_empty() { "  " } else { "! " };
    Line::from(vec![
        Span::styled(sign, style),
        Span::styled(fitted(&mark.file, file - 1) + " ", PLAIN),
        Span::styled(fitted(&mark.worker_id, WORKER - 1) + " ", BOLD),
        Span::styled(fitted(&note, rest), style),
    ])
}

/// Returns the workers that wait for the file, else the reason of the mark.
fn note(mark: &Mark) -> (String, ratatui::style::Style) {
    let task = mark.task.as_deref().map(short);
    match (mark.wanted_by.as_slice(), &mark.reason, task) {
        ([], Some(reason), Some(task)) => (format!("{task}: {reason}"), DIM),
        ([], Some(reason), None) => (reason.clone(), DIM),
        ([], None, task) => (task.unwrap_or_default().to_owned(), DIM),
        ([one], ..) => (format!("{one} waits"), BUSY),
        (many, ..) => (format!("{} wait", many.join(", ")), BUSY),
    }
}
