//! Values outside the command line: `@FILE`, and `-` for standard input.

use std::io::{Read, stdin};
use std::path::Path;

use crate::error::{Error, Result};

/// Reads the values that the command line refers to.
#[derive(Default)]
pub struct Source {
    stdin_is_read: bool,
}

impl Source {
    /// Returns the text of a word: the word itself, or the content of its file.
    pub fn text(&mut self, word: &str) -> Result<String> {
        if word == "-" {
            return self.standard_input();
        }
        match word.strip_prefix('@') {
            Some(literal) if literal.starts_with('@') => Ok(literal.to_owned()),
            Some(path) => file(Path::new(path)),
            None => Ok(word.to_owned()),
        }
    }

    fn standard_input(&mut self) -> Result<String> {
        if std::mem::replace(&mut self.stdin_is_read, true) {
            return Err(Error::input("`-` can stand for one value only", ""));
        }
        let mut text = String::new();
        stdin()
            .read_to_string(&mut text)
            .map_err(|error| Error::input(format!("standard input cannot be read: {error}"), ""))?;
        Ok(without_end(text))
    }
}

fn file(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::input(
            format!("`{}` cannot be read: {error}", path.display()),
            "a value that starts with `@` is a file; write `@@` for the sign itself",
        )
    })?;
    Ok(without_end(text))
}

/// Removes the line end of a single line, as a shell's `$(…)` does; longer texts stay as they are.
fn without_end(mut text: String) -> String {
    if text.find('\n') == Some(text.len().wrapping_sub(1)) {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_itself_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            format!("@{}", path.display())
        };
        let mut source = Source::default();

        let cases = [
            ("plain".to_owned(), "plain"),
            ("@@ann".to_owned(), "@ann"),
            (write("line", "one\n"), "one"),
            (write("lines", "one\ntwo\n"), "one\ntwo\n"),
            (write("empty", ""), ""),
        ];
        for (word, text) in cases {
            assert_eq!(source.text(&word).unwrap(), text, "{word}");
        }
        assert!(source.text("@/no/such/file").is_err());
    }
}
