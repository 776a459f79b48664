//! JSON that is safe to print on any terminal.

use std::io::{self, Write};

use serde_json::Value;

/// Escapes the control characters from U+007F to U+009F, which JSON leaves as they are.
/// They can only occur in its strings.
pub fn harmless(json: String) -> String {
    match json.contains(is_left) {
        true => json.chars().map(escaped).collect(),
        false => json,
    }
}

/// Writes a value on a line of its own.
pub fn write_line(out: &mut impl Write, value: &Value) -> io::Result<()> {
    out.write_all(harmless(value.to_string()).as_bytes())?;
    out.write_all(b"\n")
}

fn is_left(letter: char) -> bool {
    matches!(letter, '\u{7f}'..='\u{9f}')
}

fn escaped(letter: char) -> String {
    match is_left(letter) {
        true => format!("\\u{:04x}", u32::from(letter)),
        false => letter.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_control_character_is_escaped_and_read_back() {
        let value = json!({ "a": "\u{1b}[1m\u{9b}31m\u{7f}\u{80}ä\u{a0}" });

        let text = harmless(value.to_string());

        assert_eq!(text, "{\"a\":\"\\u001b[1m\\u009b31m\\u007f\\u0080ä\u{a0}\"}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
