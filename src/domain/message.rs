//! Messages between workers and people, and the part of them that an answer carries.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{BadName, PROGRAM, Tag, TaskId, Timestamp, WorkerId};

#[derive(Clone, Debug)]
pub struct Message {
    pub id: i64,
    pub sent_at: Timestamp,
    /// A worker or a person; none if the program itself sent it.
    pub sender: Option<WorkerId>,
    pub kind: MessageKind,
    /// The address that the sender gave. None: the worker that claims the task.
    pub address: Option<String>,
    pub text: String,
    pub task: Option<TaskId>,
    pub reply_to: Option<i64>,
    /// The first message of the exchange.
    pub thread: i64,
}

// The purpose of a message. A doc comment would stand in the schema, which every agent reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum MessageKind {
    #[default]
    Note,
    Question,
    Answer,
    Stop,
    Redirect,
}

impl MessageKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Stop => "stop",
            Self::Redirect => "redirect",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Note, Self::Question, Self::Answer, Self::Stop, Self::Redirect]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }

    /// Returns true if the recipient should see this before anything else.
    pub fn is_urgent(self) -> bool {
        matches!(self, Self::Stop | Self::Redirect)
    }
}

/// The recipients of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    Worker(WorkerId),
    /// The connected workers with this role.
    Role(String),
    /// The connected workers with this tag.
    Tag(Tag),
    /// The connected workers.
    All,
}

impl FromStr for Address {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        if matches!(text, "all" | "*") {
            return Ok(Self::All);
        }
        if let Some(tag) = text.strip_prefix("tag:") {
            return tag.parse().map(Self::Tag);
        }
        match text.strip_prefix("role:") {
            Some(role) => Ok(Self::Role(role.to_owned())),
            None => text.parse().map(Self::Worker),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(worker) => write!(f, "{worker}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Tag(tag) => write!(f, "tag:{tag}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl JsonSchema for Address {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A message that was shown to its reader, in full or only its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub message: i64,
    pub whole: bool,
}

/// The waiting messages that an answer carries for its reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// A line for each message, and one that counts the rest.
    pub lines: Vec<String>,
    pub shown: Vec<Shown>,
}

impl Load {
    /// Maximum number of messages considered for one answer: more never fit.
    pub const MOST: usize = 4;
    /// Maximum number of bytes that messages add to an answer.
    const ROOM: usize = 240;

    /// Packs the first of `total` messages for an answer about something else.
    pub fn of(first: &[Message], total: usize) -> Self {
        Self::within(Self::ROOM, first, total)
    }

    /// Packs the first of `total` messages: as many whole ones as fit, and at least the beginning of the first.
    pub fn within(room: usize, first: &[Message], total: usize) -> Self {
        let frame = r#","messages":[]"#.len();
        let mut load = Self::default();
        let mut room = room - frame;
        for (before, message) in first.iter().enumerate() {
            let left = total.saturating_sub(before + 1);
            let for_rest = if left > 0 { size(&rest(left)) } else { 0 };
            let room_here = room.saturating_sub(for_rest);
            let line = message.line();
            let whole = size(&line) <= room_here;
            if !whole && before > 0 {
                break;
            }
            let line = if whole { line } else { cut(&line, room_here) };
            room = room.saturating_sub(size(&line));
            load.lines.push(line);
            load.shown.push(Shown { message: message.id, whole });
            if !whole {
                break;
            }
        }
        let left = total.saturating_sub(load.shown.len());
        if left > 0 {
            load.lines.push(rest(left));
        }
        load
    }
}

impl Message {
    /// Returns the message as one line.
    pub fn line(&self) -> String {
        let Self { id, sender, kind, task, text, .. } = self;
        let kind = match kind {
            MessageKind::Note => String::new(),
            kind => format!(" {}", kind.as_str()),
        };
        let sender = match sender {
            None => PROGRAM,
            Some(sender) if sender.is_person() => "a person",
            Some(sender) => sender.as_str(),
        };
        let task = task.as_ref().map_or_else(String::new, |task| format!(" about {task}"));
        let text: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let text = text.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        format!("#{id}{kind} from {sender}{task}: {text}")
    }
}

fn rest(left: usize) -> String {
    format!("{left} more: inbox")
}

/// Returns how many bytes a line adds to an answer, with its separator.
fn size(line: &str) -> usize {
    let escaped = line.chars().filter(|c| matches!(c, '"' | '\\')).count();
    line.len() + escaped + r#""","#.len()
}

/// Returns the beginning of a line within a size, with a sign that there is more.
fn cut(line: &str, longest: usize) -> String {
    const SIGN: &str = "… (inbox has the whole)";
    let mut room = longest.saturating_sub(size(SIGN));
    let fits = |c: &char| {
        let bytes = c.len_utf8() + usize::from(matches!(c, '"' | '\\'));
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    };
    let start: String = line.chars().take_while(fits).collect();
    start + SIGN
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(id: i64, kind: MessageKind, text: &str) -> Message {
        Message {
            id,
            sent_at: Timestamp(0),
            sender: Some("bob".parse().unwrap()),
            kind,
            address: Some("ann".into()),
            text: text.into(),
            task: Some("api".parse().unwrap()),
            reply_to: None,
            thread: id,
        }
    }

    #[test]
    fn an_address_is_a_worker_a_role_a_tag_or_everybody() {
        for text in ["ann", "role:lead", "tag:css", "all"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("*".parse::<Address>().unwrap(), Address::All);
        assert!("tag:a b".parse::<Address>().is_err());
        assert!("a b".parse::<Address>().is_err());
    }

    #[test]
    fn a_line_says_what_who_and_about_what() {
        let plain = message(7, MessageKind::Note, "two\n\tlines \u{1b}[2J");
        let by = |sender| Message { sender, task: None, ..message(8, MessageKind::Stop, "now") };
        let (person, program) = (by(Some(WorkerId::person())), by(None));

        assert_eq!(plain.line(), "#7 from bob about api: two lines [2J");
        assert_eq!(person.line(), "#8 stop from a person: now");
        assert_eq!(program.line(), "#8 stop from task-graph: now");
    }

    #[test]
    fn short_messages_ride_together_and_what_is_left_is_counted() {
        let waiting: Vec<Message> =
            (1..=4).map(|id| message(id, MessageKind::Note, "the schema has changed, look at it")).collect();

        let load = Load::of(&waiting, 9);

        assert_eq!(load.shown.len(), 3);
        assert_eq!(load.lines.len(), 4);
        assert_eq!(load.lines[3], "6 more: inbox");
    }

    #[test]
    fn a_long_first_message_is_cut_and_a_long_second_one_waits() {
        let long = "word ".repeat(100);

        let load = Load::of(&[message(1, MessageKind::Stop, &long), message(2, MessageKind::Note, "x")], 2);
        assert_eq!(load.shown, [Shown { message: 1, whole: false }]);
        assert!(load.lines[0].ends_with("… (inbox has the whole)"), "{load:?}");

        let load = Load::of(&[message(1, MessageKind::Stop, "x"), message(2, MessageKind::Note, &long)], 2);
        assert_eq!(load.shown, [Shown { message: 1, whole: true }]);
        assert_eq!(load.lines[1], "1 more: inbox");
    }

    proptest! {
        /// An answer carries at least one message and grows by at most 240 bytes.
        #[test]
        fn an_answer_grows_by_60_tokens_at_most(
            texts in prop::collection::vec("[a-z\"\\\\ \nä→\u{1}😀]{1,400}", 1..=4),
            more in 0..2_000usize,
        ) {
            let waiting: Vec<Message> = (1..).zip(&texts).map(|(id, text)| message(id * 100_000, MessageKind::Redirect, text)).collect();

            let load = Load::of(&waiting, waiting.len() + more);

            let grown = format!(r#","messages":{}"#, serde_json::to_string(&load.lines).unwrap());
            prop_assert!(grown.len() <= 240, "{} {grown}", grown.len());
            prop_assert!(!load.shown.is_empty());
        }
    }
}
