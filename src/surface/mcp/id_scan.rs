//! The id of a message that is not parsed: too long to keep, or nested too deep.

use serde_json::Value;

/// The longest id, in bytes of JSON. Clients use numbers or UUIDs.
const LONGEST_ID: usize = 256;

/// Finds the id of a message, wherever in it, in bytes that arrive in parts of any size.
#[derive(Default)]
pub struct IdScan {
    depth: usize,
    deepest: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// Whether the scan is in the value of a field of the message.
    is_value: bool,
    /// The current field of the message, unless its value is a list or an object.
    key: Vec<u8>,
    value: Vec<u8>,
    id: Option<Value>,
}

impl IdScan {
    /// Scans the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.take(*byte));
    }

    /// Returns the id, if all of it was scanned.
    pub fn id(&self) -> Option<&Value> {
        self.id.as_ref()
    }

    /// Returns the greatest depth of nested objects and lists.
    pub fn deepest(&self) -> usize {
        self.deepest
    }

    fn take(&mut self, byte: u8) {
        if self.is_in_string {
            self.keep(byte);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.is_in_string = true;
                self.keep(byte);
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            b'}' | b']' => {
                self.end_field();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.end_field(),
            b':' if self.depth == 1 => self.is_value = true,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        let part = if self.is_value { &mut self.value } else { &mut self.key };
        if self.depth == 1 && part.len() <= LONGEST_ID {
            part.push(byte);
        }
    }

    fn end_field(&mut self) {
        if self.depth != 1 {
            return;
        }
        if self.key == br#""id""# && self.value.len() <= LONGEST_ID {
            let read = serde_json::from_slice(&self.value).ok();
            self.id = read.filter(|id: &Value| id.is_string() || id.is_number());
        }
        self.key.clear();
        self.value.clear();
        self.is_value = false;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(text: &str) -> Option<Value> {
        let mut scan = IdScan::default();
        text.as_bytes().chunks(3).for_each(|part| scan.feed(part));
        scan.id().cloned()
    }

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        for (text, found) in [
            (r#"{"jsonrpc":"2.0","id":7,"params":{"id":1}}"#, Some(json!(7))),
            (
                r#"{"params":{"id":1,"a":["id",{"id":2}]},"method":"x", "id" : "a\"b,}" }"#,
                Some(json!("a\"b,}")),
            ),
            (r#"{"params":"\"id\":3,","id":-4}"#, Some(json!(-4))),
            (r#"{"params":{"id":1}}"#, None),
            (r#"{"id":{"a":1}}"#, None),
            (r#"{"id":null}"#, None),
            (r#"[{"id":1}]"#, None),
            ("[[[[", None),
            ("]]}}:", None),
        ] {
            assert_eq!(id(text), found, "{text}");
        }
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let mut scan = IdScan::default();

        scan.feed(br#"{"a":[[{"b":"[[[["}]],"c":[]}"#);

        assert_eq!(scan.deepest(), 4);
    }
}
