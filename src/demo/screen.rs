//! Where the news is shown: a board that is drawn again in its place, or lines.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use crossterm::cursor::MoveToPreviousLine;
use crossterm::terminal::{self, Clear, ClearType};

use super::board::{self, Board};
use super::lines;
use super::news::News;

/// How the demo is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A board where there is room for one, else lines.
    AsFits,
    Lines,
}

/// What the audience sees.
pub enum Screen {
    Lines,
    Board(Box<Drawn>),
}

/// A board, and whether it is on the screen already.
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

    /// Shows what happened, and that time goes by.
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
    /// Draws over what was drawn before: each line is written again and cleared behind its end.
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

/// Writes to standard output, in colours where they are wanted.
pub fn say(text: &str) {
    write(anstream::stdout(), text);
}

/// When nobody looks any more, the exit code still tells.
fn write(mut stream: impl Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// Without colours the cursor still has to move, so that they are taken out here.
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
