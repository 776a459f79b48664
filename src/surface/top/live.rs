//! The live view in a terminal, redrawn after each change until a person leaves it.
//!
//! Keys, signals and news of commits come from threads of their own. The loop sleeps until one of
//! them arrives or the facts are too old. The terminal is restored in every case: after a key, a
//! signal, a failure or a panic.

use std::io::{self, stdout};
use std::panic;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyEvent, KeyEventKind,
};
use ratatui::crossterm::execute;

use super::facts::{Facts, Target};
use super::keys::{Action, Mode, paste, press};
use super::orders;
use super::page::{Bottom, Page};
use super::reader::Reader;
use crate::App;
use crate::error::{Error, Result};

/// The shortest time between two reads.
const REST: Duration = Duration::from_millis(500);
/// The longest time between two reads: leases run down even if nothing happens.
const OLD: Duration = Duration::from_secs(1);

/// The reason why a view ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A person left it.
    Left,
    /// A signal of this number ended it.
    Signal(u8),
    /// The terminal is gone.
    Gone,
}

/// A reason to wake the loop.
enum Wake {
    Key(KeyEvent),
    Pasted(String),
    Resized,
    /// A change in the store.
    Committed,
    End(Ending),
}

/// Shows the view until it is left.
pub fn watch(app: &App, name: &str) -> Result<Ending> {
    let reader = Reader::new(app)?;
    let (sender, wakes) = channel();
    signals(sender.clone())?;
    let committed = sender.clone();
    // A failure to send means that the view is over.
    let _listening = app.store.on_commit(move || drop(committed.send(Wake::Committed)))?;
    let terminal = take_terminal()?;
    let screen = Screen::default();
    let view = View { app, name, reader, terminal, screen, read_at: Instant::now(), is_news: false };
    let ending = keys(sender).and_then(|()| view.run(&wakes));
    give_back()?;
    ratatui::try_restore()?;
    ending
}

/// Prepares the terminal. A panic restores it before it is reported.
fn take_terminal() -> Result<DefaultTerminal> {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Reporting the panic matters more than a failure to restore the terminal.
        let _ = give_back();
        report(panic);
    }));
    let terminal = ratatui::try_init()?;
    // Else each pasted line would count as typed.
    execute!(stdout(), EnableBracketedPaste)?;
    Ok(terminal)
}

/// Turns off bracketed paste, which ratatui does not do.
fn give_back() -> io::Result<()> {
    execute!(stdout(), DisableBracketedPaste)
}

struct View<'a> {
    app: &'a App,
    name: &'a str,
    reader: Reader<'a>,
    terminal: DefaultTerminal,
    screen: Screen,
    read_at: Instant,
    /// Whether the store has changed since.
    is_news: bool,
}

/// The state of the screen beside the facts.
#[derive(Default)]
struct Screen {
    mode: Mode,
    /// The selected line, which stays selected when others come and go.
    selected: Option<Target>,
    /// Its position.
    at: usize,
    said: Option<String>,
    trouble: Option<String>,
}

impl View<'_> {
    fn run(mut self, wakes: &Receiver<Wake>) -> Result<Ending> {
        self.read();
        self.draw()?;
        loop {
            let rest = if self.is_news { REST } else { OLD };
            let due = self.read_at + rest;
            match wakes.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Wake::End(ending)) => return Ok(ending),
                Ok(Wake::Committed) => {
                    self.is_news = true;
                    continue;
                }
                Ok(Wake::Resized) => {}
                Ok(Wake::Pasted(text)) => {
                    let mode = std::mem::take(&mut self.screen.mode);
                    self.screen.mode = paste(mode, &text);
                }
                Ok(Wake::Key(key)) => {
                    if self.pressed(key) == Action::Quit {
                        return Ok(Ending::Left);
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.read(),
                Err(RecvTimeoutError::Disconnected) => return Ok(Ending::Gone),
            }
            self.draw()?;
        }
    }

    fn read(&mut self) {
        self.is_news = false;
        self.screen.trouble = self.reader.read().err().map(|error| error.to_string());
        self.screen.find(self.reader.facts());
        self.read_at = Instant::now();
    }

    fn pressed(&mut self, key: KeyEvent) -> Action {
        let screen = &mut self.screen;
        let mode = std::mem::take(&mut screen.mode);
        let (mode, action) = press(mode, key, screen.selected.as_ref());
        screen.mode = mode;
        screen.said = None;
        match &action {
            Action::Move(step) => screen.go(*step, self.reader.facts()),
            Action::Complain(what) => screen.said = Some((*what).to_owned()),
            Action::Give { order, target, text } => {
                let given = orders::give(self.app, *order, target, text);
                screen.said = Some(given.unwrap_or_else(|error| told(&error)));
                self.read();
            }
            Action::Nothing | Action::Quit => {}
        }
        action
    }

    fn draw(&mut self) -> Result<()> {
        let Screen { mode, selected, at, said, trouble } = &self.screen;
        let bottom = Bottom::Keys { mode, said: said.as_deref(), trouble: trouble.as_deref() };
        let selected = selected.as_ref().map(|_| *at);
        let page = Page { name: self.name, facts: self.reader.facts(), selected, bottom };
        self.terminal.draw(|frame| page.draw(frame))?;
        Ok(())
    }
}

impl Screen {
    /// Finds the selected line among the new ones; if it is gone, selects the one in its position.
    fn find(&mut self, facts: &Facts) {
        let targets: Vec<Target> = facts.rows().iter().map(|row| facts.target(row)).collect();
        let is_same = |target: &Target| {
            self.selected
                .as_ref()
                .is_some_and(|old| (&old.worker, &old.task) == (&target.worker, &target.task))
        };
        let found = targets.iter().position(is_same);
        self.at = found.unwrap_or(self.at).min(targets.len().saturating_sub(1));
        self.selected = targets.into_iter().nth(self.at);
    }

    /// Moves the selection by `step` lines.
    fn go(&mut self, step: isize, facts: &Facts) {
        let last = facts.rows().len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(step).min(last);
        self.selected = facts.rows().get(self.at).map(|row| facts.target(row));
    }
}

fn told(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}: {hint}"),
        None => error.to_string(),
    }
}

/// Sends key presses, from a thread that ends with the program.
fn keys(sender: Sender<Wake>) -> Result<()> {
    let listen = move || {
        loop {
            let wake = match event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => Wake::Key(key),
                Ok(Event::Paste(text)) => Wake::Pasted(text),
                Ok(Event::Resize(..)) => Wake::Resized,
                Ok(_) => continue,
                Err(_) => Wake::End(Ending::Gone),
            };
            let is_end = matches!(wake, Wake::End(_));
            if sender.send(wake).is_err() || is_end {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".into()).spawn(listen)?;
    Ok(())
}

/// Sends the first signal that asks the program to end.
#[cfg(unix)]
fn signals(sender: Sender<Wake>) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let inside = runtime.enter();
    let [mut terminate, mut interrupt, mut hangup] =
        [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?];
    drop(inside);
    let listen = move || {
        let kind = runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => SignalKind::terminate(),
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = hangup.recv() => SignalKind::hangup(),
            }
        });
        let number = u8::try_from(kind.as_raw_value()).unwrap_or_default();
        // A failure to send means that the view is over.
        let _ = sender.send(Wake::End(Ending::Signal(number)));
    };
    thread::Builder::new().name("signals".into()).spawn(listen)?;
    Ok(())
}

#[cfg(not(unix))]
fn signals(_: Sender<Wake>) -> Result<()> {
    Ok(())
}
