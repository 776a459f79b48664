//! The display: a board that is redrawn in place, or lines.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use crossterm::cursor::MoveToPreviousLine;
use crossterm::terminal::{self, Clear, ClearType};

use super::board::{self, Board};
use super::lines;
use super::news::News;

/// The kind of display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A board if the terminal has room for it, else lines.
    AsFits,
    Lines,
}

/// The display in use.
pub enum Screen {
    Lines,
    Board(Box<Drawn>),
}

/// A board, and the number of its lines on the screen.
#[derive(Default)]
pub struct Drawn {
    board: Board,
    lines: usize,
}

impl Screen {
    pub fn new(manner: Manner) -> Self {
        match manner {
            Manner::AsFits if has_room() => Self::Board(Box::default()),
            _ => Self::Lines,
        }
    }

    /// Shows events and the time that has passed.
    pub fn show(&mut self, at: Duration, news: &[News]) {
        match self {
            Self::Lines => {
                for news in news {
                    say(&format!("{}\n", lines::line(at, news)));
                }
            }
            Self::Board(drawn) => {
                news.iter().for_each(|news| drawn.board.note(news));
                drawn.draw(at);
            }
        }
    }
}

impl Drawn {
    /// Draws over the previous board: each line is written again and cleared after its end.
    fn draw(&mut self, at: Duration) {
        let width = terminal::size().map_or(board::NARROWEST, |(columns, _)| columns.into());
        let mut frame = String::new();
        if let up @ 1.. = self.lines {
            frame += &MoveToPreviousLine(up as u16).to_string();
        }
        let lines = self.board.lines(at, width);
        self.lines = lines.len();
        let clear = Clear(ClearType::UntilNewLine);
        for line in lines {
            frame += &format!("{}{clear}\n", in_colours(line));
        }
        write(AutoStream::always(io::stdout()), &frame);
    }
}

/// Writes to standard output, with colours if the terminal supports them.
pub fn say(text: &str) {
    write(anstream::stdout(), text);
}

/// Ignores errors: if the output is closed, the exit code still reports the result.
fn write(mut stream: impl Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// Removes colours if they are not wanted. The stream cannot do that here: it would remove cursor movements too.
fn in_colours(line: String) -> String {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => strip_str(&line).to_string(),
        _ => line,
    }
}

fn has_room() -> bool {
    let can_move = std::env::var_os("TERM").is_none_or(|name| name != "dumb");
    let fits = |(columns, rows): (u16, u16)| {
        usize::from(columns) >= board::NARROWEST && usize::from(rows) > board::HEIGHT
    };
    io::stdout().is_terminal() && can_move && terminal::size().is_ok_and(fits)
}
