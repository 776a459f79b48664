//! The face for people who watch: a live view of the workers, and keys to stop, redirect and release them.
//!
//! It calls the public operations at most twice a second, and writes nothing until a key is pressed.
//! (Listing workers releases the tasks of dead ones, as for every caller.)
//!
//! ```text
//! reader ─► facts ─► page (plan; workers, marks, messages; cells) ─► live, plain
//!                         keys ─► orders
//! ```

mod cells;
mod facts;
mod keys;
mod live;
mod marks;
mod messages;
mod orders;
mod pace;
mod page;
mod plain;
mod plan;
mod reader;
mod workers;

use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::process::ExitCode;

use ratatui::crossterm::terminal;

pub use facts::Target;
pub use keys::Order;
pub use live::Ending;
pub use orders::give;
use page::{Bottom, Page};
pub use plain::Colours;
use reader::Reader;

use crate::App;
use crate::error::Result;

/// The width in columns if no terminal gives one.
pub const WIDTH: u16 = 100;

/// The form in which the view is shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub once: bool,
    pub colours: Colours,
}

impl Look {
    /// Returns true if the view stays until a person leaves it.
    pub fn is_live(self) -> bool {
        !self.once && stdout().is_terminal()
    }
}

/// Shows the view of a project, and returns the exit code.
pub fn run(app: &App, name: &str, look: Look) -> Result<ExitCode> {
    const SIGNALLED: u8 = 128;
    if !look.is_live() {
        say(&once(app, name, width(), look.colours)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(match live::watch(app, name)? {
        Ending::Left | Ending::Gone => ExitCode::SUCCESS,
        Ending::Signal(number) => (SIGNALLED + number).into(),
    })
}

/// Returns the current view in its full height.
pub fn once(app: &App, name: &str, width: u16, colours: Colours) -> Result<String> {
    let mut reader = Reader::new(app)?;
    let facts = reader.read()?;
    let page = Page { name, facts, selected: None, bottom: Bottom::Nothing };
    let lines = page.lines(width.into(), page.full_height());
    Ok(plain::text(&lines, colours))
}

fn width() -> u16 {
    match stdout().is_terminal() {
        true => terminal::size().map_or(WIDTH, |(columns, _)| columns),
        false => WIDTH,
    }
}

/// Writes to standard output. A closed pipe is no failure.
fn say(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
