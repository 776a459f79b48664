//! The view as text, for pipes, files and READMEs.

use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Style as Escapes};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

/// Whether the text contains colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    No,
    Yes,
}

/// Returns the lines as text.
pub fn text(lines: &[Line<'_>], colours: Colours) -> String {
    let mut text = String::new();
    for line in lines {
        let start = text.len();
        for span in &line.spans {
            let escapes = escapes(line.style.patch(span.style));
            // Writing to a string cannot fail.
            let _ = match colours {
                Colours::No => write!(text, "{}", span.content),
                Colours::Yes => write!(text, "{escapes}{}{escapes:#}", span.content),
            };
        }
        if colours == Colours::No {
            text.truncate(start + text[start..].trim_end().len());
        }
        text.push('\n');
    }
    text
}

fn escapes(style: Style) -> Escapes {
    let escapes = match style.fg {
        Some(Color::Green) => AnsiColor::Green.on_default(),
        Some(Color::Yellow) => AnsiColor::Yellow.on_default(),
        Some(Color::Red) => AnsiColor::Red.on_default(),
        _ => Escapes::new(),
    };
    let escapes = if style.add_modifier.contains(Modifier::BOLD) { escapes.bold() } else { escapes };
    if style.add_modifier.contains(Modifier::DIM) { escapes.dimmed() } else { escapes }
}
