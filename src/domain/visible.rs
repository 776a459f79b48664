//! Texts with visible characters.

use unicode_general_category::{GeneralCategory as Kind, get_general_category};

/// Letters and symbols of Unicode that show nothing: fillers and the blank of Braille.
const FILLERS: [char; 5] = ['\u{115F}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{FFA0}'];

/// Returns true if a text has a visible character: no separator, control or format character, or filler.
pub fn shows_something(text: &str) -> bool {
    text.chars().any(is_visible)
}

fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    let is_hidden = matches!(
        get_general_category(c),
        Kind::Control
            | Kind::Format
            | Kind::LineSeparator
            | Kind::ParagraphSeparator
            | Kind::PrivateUse
            | Kind::SpaceSeparator
            | Kind::Surrogate
            | Kind::Unassigned
    );
    !is_hidden && !FILLERS.contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_separators_controls_and_fillers_shows_nothing() {
        for blank in
            ["", " \t\r\n", "\0", "\u{A0}\u{2003}\u{3000}", "\u{200B}\u{FEFF}", "\u{2800}", "\u{E000}"]
        {
            assert!(!shows_something(blank), "{blank:?}");
        }
        for filler in FILLERS {
            assert!(!shows_something(&filler.to_string()), "{filler:?}");
        }
        for shown in [".", "0", "é", "試", "\u{200B}x", "✓", "🦀"] {
            assert!(shows_something(shown), "{shown:?}");
        }
    }
}
