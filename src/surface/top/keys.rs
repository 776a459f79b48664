//! The keys: a pure function from the mode and a key to the next mode and an action.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::facts::Target;

/// The mode that decides what a key means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Watching,
    /// The text of an order is being typed.
    Writing { order: Order, target: Target, text: String },
}

/// An order that a person can give about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Tell it to stop.
    Stop,
    /// Tell it to do something else.
    Redirect,
    /// Take its task from it.
    Release,
}

/// The effect of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Nothing,
    Quit,
    /// Go up or down the list of workers.
    Move(isize),
    Give {
        order: Order,
        target: Target,
        text: String,
    },
    /// The key cannot do anything now, for this reason.
    Complain(&'static str),
}

/// Returns the mode after a paste: only a text that is being typed takes it.
pub fn paste(mode: Mode, pasted: &str) -> Mode {
    let Mode::Writing { order, target, text } = mode else {
        return mode;
    };
    let words: Vec<&str> = pasted.split_whitespace().collect();
    let text = (text + &words.join(" ")).chars().take(LONGEST).collect();
    Mode::Writing { order, target, text }
}

/// The longest text of an order, in characters, which is also the limit of a message.
const LONGEST: usize = 500;

impl Order {
    /// Returns the prompt for the text.
    pub fn question(self) -> &'static str {
        match self {
            Self::Stop => "tell it to stop, and why",
            Self::Redirect => "tell it what to do instead",
            Self::Release => "take the task from it, and why",
        }
    }

    /// Returns the text that is sent if none is typed.
    fn usual(self) -> Option<&'static str> {
        match self {
            Self::Stop => Some("stop what you are doing"),
            Self::Redirect => None,
            Self::Release => Some("released by a person"),
        }
    }
}

/// Returns the next mode, and the effect of the key.
pub fn press(mode: Mode, key: KeyEvent, selected: Option<&Target>) -> (Mode, Action) {
    let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if with_control && key.code == KeyCode::Char('c') {
        return (mode, Action::Quit);
    }
    match mode {
        Mode::Watching => watching(key.code, selected),
        Mode::Writing { order, target, text } => match (key.code, with_control) {
            (KeyCode::Esc, _) => (Mode::Watching, Action::Nothing),
            (KeyCode::Enter, _) => finished(order, target, text),
            (code, with_control) => {
                let text = edited(text, code, with_control);
                (Mode::Writing { order, target, text }, Action::Nothing)
            }
        },
    }
}

fn watching(key: KeyCode, selected: Option<&Target>) -> (Mode, Action) {
    const FAR: isize = 10;
    let action = match key {
        KeyCode::Char('q') | KeyCode::Esc => Action::Quit,
        KeyCode::Up | KeyCode::Char('k') => Action::Move(-1),
        KeyCode::Down | KeyCode::Char('j') => Action::Move(1),
        KeyCode::PageUp => Action::Move(-FAR),
        KeyCode::PageDown => Action::Move(FAR),
        KeyCode::Home => Action::Move(isize::MIN),
        KeyCode::End => Action::Move(isize::MAX),
        KeyCode::Char('s') => return begun(Order::Stop, selected),
        KeyCode::Char('d') => return begun(Order::Redirect, selected),
        KeyCode::Char('r') => return begun(Order::Release, selected),
        _ => Action::Nothing,
    };
    (Mode::Watching, action)
}

fn begun(order: Order, selected: Option<&Target>) -> (Mode, Action) {
    let Some(target) = selected else {
        return (Mode::Watching, Action::Complain("no worker is here"));
    };
    if order == Order::Release && target.task.is_none() {
        return (Mode::Watching, Action::Complain("it holds no task"));
    }
    (Mode::Writing { order, target: target.clone(), text: String::new() }, Action::Nothing)
}

fn finished(order: Order, target: Target, text: String) -> (Mode, Action) {
    let said = match (text.trim(), order.usual()) {
        ("", None) => {
            let told = Action::Complain("say what it should do, or press Esc");
            return (Mode::Writing { order, target, text: String::new() }, told);
        }
        ("", Some(usual)) => usual.to_owned(),
        (said, _) => said.to_owned(),
    };
    (Mode::Watching, Action::Give { order, target, text: said })
}

fn edited(mut text: String, key: KeyCode, with_control: bool) -> String {
    match key {
        KeyCode::Char('u') if with_control => text.clear(),
        KeyCode::Char(c) if !with_control && text.chars().count() < LONGEST => text.push(c),
        KeyCode::Backspace => {
            text.pop();
        }
        _ => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(task: Option<&str>) -> Target {
        Target { worker: "ann".into(), task: task.map(str::to_owned), attempt: 1 }
    }

    /// Returns the effect of pressing these keys in turn, with `ann` selected.
    fn pressed(keys: &[KeyCode], task: Option<&str>) -> (Mode, Action) {
        let target = target(task);
        let begin = (Mode::Watching, Action::Nothing);
        keys.iter().fold(begin, |(mode, _), key| press(mode, KeyEvent::from(*key), Some(&target)))
    }

    fn typed(text: &str) -> Vec<KeyCode> {
        let key = |c| if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        text.chars().map(key).collect()
    }

    fn given(order: Order, task: Option<&str>, text: &str) -> (Mode, Action) {
        (Mode::Watching, Action::Give { order, target: target(task), text: text.into() })
    }

    #[test]
    fn an_order_takes_a_key_a_line_and_enter() {
        let cases = [
            ("s\n", given(Order::Stop, Some("t"), "stop what you are doing")),
            ("swait\n", given(Order::Stop, Some("t"), "wait")),
            ("dread q first\n", given(Order::Redirect, Some("t"), "read q first")),
            ("r\n", given(Order::Release, Some("t"), "released by a person")),
            ("r  too slow \n", given(Order::Release, Some("t"), "too slow")),
        ];
        for (keys, expected) in cases {
            assert_eq!(pressed(&typed(keys), Some("t")), expected, "{keys:?}");
        }
    }

    #[test]
    fn nothing_is_done_before_enter_and_nothing_after_escape() {
        for keys in ["s", "swait", "d", "r"] {
            let mut keys = typed(keys);
            assert_eq!(pressed(&keys, Some("t")).1, Action::Nothing);

            keys.push(KeyCode::Esc);
            assert_eq!(pressed(&keys, Some("t")), (Mode::Watching, Action::Nothing));
        }
    }

    #[test]
    fn what_a_key_needs_is_said() {
        assert_eq!(pressed(&typed("r"), None).1, Action::Complain("it holds no task"));
        assert!(matches!(pressed(&typed("d\n"), None), (Mode::Writing { .. }, Action::Complain(_))));
        let nobody = press(Mode::Watching, KeyEvent::from(KeyCode::Char('s')), None);
        assert_eq!(nobody, (Mode::Watching, Action::Complain("no worker is here")));
    }

    #[test]
    fn a_line_can_be_corrected() {
        let mut keys = typed("dabc");
        keys.extend([KeyCode::Backspace, KeyCode::Backspace, KeyCode::Char('é'), KeyCode::Enter]);

        assert_eq!(pressed(&keys, None), given(Order::Redirect, None, "aé"));
    }

    #[test]
    fn a_pasted_text_gives_no_orders() {
        let watching = paste(Mode::Watching, "r\n");
        let (writing, _) = pressed(&typed("dsee "), None);

        assert_eq!(watching, Mode::Watching);
        let Mode::Writing { text, .. } = paste(writing, "the\nnotes\nr\n") else { panic!("it is sent") };
        assert_eq!(text, "see the notes r");
    }

    #[test]
    fn the_view_is_left_by_q_escape_and_control_c() {
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        let (writing, _) = pressed(&typed("sq"), None);

        assert_eq!(pressed(&typed("q"), None).1, Action::Quit);
        assert_eq!(pressed(&[KeyCode::Esc], None).1, Action::Quit);
        assert!(matches!(&writing, Mode::Writing { text, .. } if text == "q"));
        assert_eq!(press(writing, control_c, None).1, Action::Quit);
    }

    #[test]
    fn the_selection_moves() {
        for (key, step) in [(KeyCode::Up, -1), (KeyCode::Char('j'), 1), (KeyCode::PageDown, 10)] {
            assert_eq!(pressed(&[key], None).1, Action::Move(step));
        }
    }
}
