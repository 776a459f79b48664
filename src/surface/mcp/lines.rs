//! Splits the input into lines of limited length, so that none can fill the memory.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::id_scan::IdScan;

/// The longest line, in bytes with its end.
pub const LONGEST: u64 = 4 << 20;
/// The bytes that are read at once; the buffer of a line keeps no more.
const CHUNK: usize = 64 << 10;

pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Line<'l> {
    Whole(&'l [u8]),
    /// Only its id is kept.
    TooLong {
        id: Option<Value>,
    },
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(CHUNK, input), line: Vec::new() }
    }

    /// Returns the next line that is not blank, or `None` at the end of the input.
    pub async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if self.read_at_most(LONGEST).await? == 0 {
                return Ok(None);
            }
            if self.line.len() as u64 == LONGEST && !self.is_ended() {
                let id = self.skip_to_end().await?;
                return Ok(Some(Line::TooLong { id }));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(Line::Whole(&self.line)));
            }
        }
    }

    /// Skips the rest of a message and returns its id.
    async fn skip_to_end(&mut self) -> io::Result<Option<Value>> {
        let mut scan = IdScan::default();
        scan.feed(&self.line);
        while self.read_at_most(CHUNK as u64).await? > 0 {
            scan.feed(&self.line);
            if self.is_ended() {
                break;
            }
        }
        Ok(scan.id().cloned())
    }

    async fn read_at_most(&mut self, limit: u64) -> io::Result<usize> {
        self.line.clear();
        self.line.shrink_to(CHUNK);
        let mut input = (&mut self.input).take(limit);
        input.read_until(b'\n', &mut self.line).await
    }

    fn is_ended(&self) -> bool {
        self.line.ends_with(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn cut(input: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(input);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(match line {
                Line::Whole(line) => Some(line.trim_ascii().to_vec()),
                Line::TooLong { .. } => None,
            });
        }
        found
    }

    #[tokio::test]
    async fn blank_lines_are_no_lines() {
        assert_eq!(cut(b"\n  \r\n\t\n").await, []);
        assert_eq!(cut(b"").await, []);
    }

    #[tokio::test]
    async fn the_last_line_needs_no_end() {
        let lines = cut(b"a\r\n\nb").await;

        assert_eq!(lines, [Some(b"a".to_vec()), Some(b"b".to_vec())]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_to_its_end() {
        let longest = vec![b'x'; LONGEST as usize - 1];
        let input = [&longest[..], b"\n", &longest, b"xx\nb\n", &longest, b"x"].concat();

        let lines = cut(&input).await;

        assert_eq!(lines, [Some(longest), None, Some(b"b".to_vec()), None]);
    }
}
