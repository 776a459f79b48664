//! Texts that fit: one line, a number of columns wide, without control characters.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::domain::{Millis, TaskId, is_generated};

/// Returns the text as one line of exactly `width` columns: padded, or cut with `…` at its end.
pub fn fitted(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(columns(&text));
    text + &" ".repeat(missing)
}

/// Returns the text as one line of at most this many columns.
pub fn cut(text: &str, width: usize) -> String {
    // Most characters take at least one column; the rest of the limit is for those that take none.
    let text: String = text.chars().take(4 * width + 8).filter(|c| !is_trick(*c)).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    clipped(&words.join(" "), width)
}

/// Returns at most this many columns of a line, with `…` in the last one if it was longer.
pub fn clipped(line: &str, width: usize) -> String {
    let line = Span::raw(line);
    let mut kept = String::new();
    let mut used = 0;
    // The place to cut a longer text, with room for the `…`.
    let mut end = 0;
    for symbol in line.styled_graphemes(Style::new()).map(|grapheme| grapheme.symbol) {
        used += columns(symbol);
        if used > width {
            kept.truncate(end);
            return if width == 0 { String::new() } else { kept + "…" };
        }
        kept.push_str(symbol);
        if used < width {
            end = kept.len();
        }
    }
    kept
}

pub fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

/// Returns true for invisible characters, which change how others are shown.
fn is_trick(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns the short form of a task's id.
pub fn short(id: &str) -> &str {
    match is_generated(id) {
        true => id.parse::<TaskId>().map_or(id, |task| &id[id.len() - task.short().len()..]),
        false => id,
    }
}

/// Returns a length of time in a word or two.
pub fn time(length: Millis) -> String {
    let seconds = length / 1_000;
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Returns a remaining time, as a clock shows it.
pub fn countdown(left: Millis) -> String {
    let seconds = left / 1_000;
    match seconds {
        ..6_000 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => time(left),
    }
}

/// Returns numbers as bars, the highest of which fills its line.
pub fn bars(numbers: &[usize]) -> String {
    const HEIGHTS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = numbers.iter().copied().max().unwrap_or_default().max(1);
    let height = |number: &usize| HEIGHTS[(number * 8).div_ceil(most)];
    numbers.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_columns_it_is_given() {
        let cases = [
            ("schema", 8, "schema  "),
            ("schema", 6, "schema"),
            ("schema", 5, "sche…"),
            ("schema", 1, "…"),
            ("schema", 0, ""),
            ("two\n  lines\t", 10, "two lines "),
            ("表を作る", 8, "表を作る"),
            ("表を作る", 7, "表を作…"),
            ("表を作る", 6, "表を… "),
            ("\u{1b}[2Jgone\u{7}", 9, "[2Jgone  "),
            ("evil\u{202e}txt", 8, "eviltxt "),
        ];
        for (text, width, expected) in cases {
            assert_eq!(fitted(text, width), expected, "{text:?} {width}");
        }
    }

    #[test]
    fn times_are_said_in_a_word() {
        let cases =
            [(0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (7_200_000, "2 h"), (864_000_000, "10 d")];
        for (length, expected) in cases {
            assert_eq!(time(length), expected);
        }
        assert_eq!(countdown(299_000), "4:59");
        assert_eq!(countdown(7_200_000), "2 h");
    }

    #[test]
    fn the_most_is_the_highest_bar_and_one_is_seen() {
        assert_eq!(bars(&[0, 1, 8, 80]), "·▁▁█");
        assert_eq!(bars(&[0, 0]), "··");
    }

    #[test]
    fn a_generated_id_is_shown_by_its_end() {
        assert_eq!(short("01997c5e-8a2b-7c3d-9e4f-a1b2c3d4e5f6"), "c3d4e5f6");
        assert_eq!(short("schema"), "schema");
    }
}
