//! Messages of workers and people, the newest first.

use ratatui::text::{Line, Span};

use super::cells::{fitted, short, time};
use super::facts::{Facts, Message};
use super::page::{BAD, BOLD, DIM, PLAIN, titled};

/// Returns the title and at most `room - 1` messages.
pub fn lines(facts: &Facts, width: usize, room: usize) -> Vec<Line<'static>> {
    let messages = &facts.messages;
    let shown = messages.messages.len().min(room.saturating_sub(1));
    let title = titled("messages", shown, messages.total);
    let mut lines = vec![Line::styled(format!("  {}", fitted(&title, width.saturating_sub(2))), BOLD)];
    lines.extend(messages.messages.iter().take(shown).map(|message| line(facts, message, width)));
    lines
}

fn line(facts: &Facts, message: &Message, width: usize) -> Line<'static> {
    const AGE: usize = 8;
    const KIND: usize = 10;
    let Message { at, kind, from, to, task, text } = message;
    let from = from.as_deref().unwrap_or("a person");
    let to = to.as_deref().unwrap_or("who is next");
    let people = (width / 4).max(12);
    let rest = width.saturating_sub(2 + AGE + KIND + people);
    let is_urgent = matches!(kind.as_str(), "stop" | "redirect");
    let text = match task {
        Some(task) => format!("{}: {text}", short(task)),
        None => text.clone(),
    };
    Line::from(vec![
        Span::styled(format!("  {}", fitted(&time(facts.now.since(*at)), AGE)), DIM),
        Span::styled(fitted(&format!("{from} → {to}"), people - 1) + " ", PLAIN),
        Span::styled(fitted(kind, KIND), if is_urgent { BAD } else { DIM }),
        Span::styled(fitted(&text, rest), PLAIN),
    ])
}
