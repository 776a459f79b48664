//! Texts as CSV cells that are harmless to a spreadsheet and to a terminal.
//!
//! A spreadsheet evaluates a cell that begins like a formula. Such a text gets a `'` in front, as does one
//! that already begins with such a `'`, so that reading removes exactly the `'` that writing added. Control
//! characters, which control a terminal, are written as `\u001b`; reading leaves these as they are.

use std::borrow::Cow;

const GUARD: char = '\'';

/// Returns a text as the content of a cell, without CSV quotes.
pub fn written(text: &str) -> Cow<'_, str> {
    let text = match text.contains(is_unprintable) {
        true => Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 8), escaped)),
        false => Cow::Borrowed(text),
    };
    match needs_guard(&text) {
        true => Cow::Owned(format!("{GUARD}{text}")),
        false => text,
    }
}

/// Returns the text that a cell was written from.
pub fn read(cell: &str) -> &str {
    cell.strip_prefix(GUARD).filter(|text| needs_guard(text)).unwrap_or(cell)
}

/// Returns true for characters that control a terminal. Tabs and line ends are part of texts.
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}

fn escaped(mut text: String, letter: char) -> String {
    match is_unprintable(letter) {
        true => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
        false => text.push(letter),
    }
    text
}

/// Returns true if a spreadsheet takes the text for a formula, or would without the guards before it.
fn needs_guard(text: &str) -> bool {
    let text = text.trim_start_matches(GUARD);
    match text.chars().next() {
        Some('=' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff20}' | '\u{ff0b}' | '\u{ff0d}') => true,
        Some('+' | '-') => text.parse::<f64>().is_err(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_guarded_and_read_back() {
        for text in [
            "=1+1",
            "@sum(a1)",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "\t=1",
            "\r=1",
            "'=1",
            "''@a",
            "\u{ff1d}1",
            "-",
        ] {
            let cell = written(text);

            assert_eq!(cell, format!("'{text}"));
            assert_eq!(read(&cell), text);
        }
    }

    #[test]
    fn what_is_no_formula_is_written_and_read_as_it_is() {
        for text in ["", "a=1", "-5", "+1.5e3", "'quoted'", "it's", "1-2", "a\tb\nc"] {
            assert_eq!(written(text), text);
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn control_characters_are_written_as_escapes() {
        let cell = written("a\u{1b}]52;c\u{7}\0\u{9b}1m\u{7f}");

        assert_eq!(cell, r"a\u001b]52;c\u0007\u0000\u009b1m\u007f");
    }
}
