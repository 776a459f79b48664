//! A line of the board: columns of fixed widths, and a note that is cut off at the edge of the screen.

use clap::builder::styling::{AnsiColor, Style};

/// The sign and colour of a state.
#[derive(Clone, Copy)]
pub struct Mark {
    sign: char,
    pub style: Style,
}

pub const WAITING: Mark = mark('·', Style::new().dimmed());
pub const READY: Mark = mark('○', AnsiColor::Cyan.on_default());
pub const AT_WORK: Mark = mark('●', AnsiColor::Yellow.on_default());
pub const DONE: Mark = mark('✓', AnsiColor::Green.on_default());
pub const KILLED: Mark = mark('✗', AnsiColor::Red.on_default().bold());

const fn mark(sign: char, style: Style) -> Mark {
    Mark { sign, style }
}

/// The widths of the columns.
#[derive(Clone, Copy)]
pub struct Columns {
    pub name: usize,
    pub title: usize,
    pub who: usize,
}

pub struct Row<'a> {
    pub mark: Mark,
    pub name: &'a str,
    pub title: &'a str,
    pub who: &'a str,
    pub note: String,
}

impl Row<'_> {
    pub fn line(&self, columns: Columns, width: usize) -> String {
        const INDENT: &str = "    ";
        let Mark { sign, style } = self.mark;
        let name = fitted(self.name, columns.name);
        let title = fitted(self.title, columns.title);
        let who = fitted(self.who, columns.who);
        let cells = format!("{sign} {name} {title} {who} ");
        let left = width.saturating_sub(INDENT.len() + cells.chars().count());
        let note = fitted(&self.note, left);
        format!("{INDENT}{style}{cells}{style:#}{}", note.trim_end())
    }
}

/// Returns the text at exactly this width: padded, or cut off with an ellipsis.
pub fn fitted(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…").chars().take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_off_visibly() {
        assert_eq!(fitted("schema", 8), "schema  ");
        assert_eq!(fitted("schema", 6), "schema");
        assert_eq!(fitted("schema", 5), "sche…");
        assert_eq!(fitted("schema", 0), "");
    }
}
