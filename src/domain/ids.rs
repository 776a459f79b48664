//! Names, as types whose values are always well formed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The reason that a text is not a name of its kind.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a {kind}: {rule}", shortened(.text))]
pub struct BadName {
    kind: &'static str,
    rule: &'static str,
    text: String,
}

fn shortened(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// Declares a name: a string that is checked once, on input.
macro_rules! name {
    ($(#[$meta:meta])* $type:ident, $kind:literal, $rule:literal, $holds:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(BadName { kind: $kind, rule: $rule, text: text.to_owned() })
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string" })
            }
        }
    };
}

macro_rules! plain_display {
    ($($type:ident),*) => {
        $(impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        })*
    };
}

fn is_word(text: &str, longest: usize, marks: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// Checks a name that a shell takes without a flag. It must not begin with a dash, or it would be a flag.
fn is_argument(text: &str, longest: usize, marks: &str) -> bool {
    is_word(text, longest, marks) && !text.starts_with('-')
}

name!(
    /// Id of a task: chosen by its creator, or a generated UUIDv7.
    TaskId,
    "task id",
    "1 to 128 of letters, digits, `.`, `_`, `-`, `/`, `:`, not beginning with `-`, without `.` or `..` as a path part, and not `null`",
    |text| is_argument(text, 128, "._-/:") && stays_inside(text) && text != "null"
);
name!(
    /// A task as a caller names it: its id, or the last 8 digits of a generated one.
    TaskRef,
    "task id",
    "1 to 128 of letters, digits, `.`, `_`, `-`, `/`, `:`, not beginning with `-`, without `.` or `..` as a path part",
    |text| is_argument(text, 128, "._-/:") && stays_inside(text)
);
name!(
    /// Name of a worker.
    WorkerId,
    "worker id",
    "1 to 64 of letters, digits, `.`, `_`, `-`, `/`, `:`, `@`, without `-` or `@` in front, and not `task-graph`",
    |text| is_argument(text, 64, "._-/:@") && !text.starts_with('@') && text != PROGRAM
);
name!(
    /// A word for a need of a task or an ability of a worker.
    Tag,
    "tag",
    "1 to 64 of letters, digits, `.`, `_`, `-`, `/`, `:`, `+`, `#`",
    |text| is_word(text, 64, "._-/:+#")
);
name!(
    /// Name of a group of tasks that share a scarce resource.
    GroupKey,
    "group",
    "1 to 128 of letters, digits, `.`, `_`, `-`, `/`, `:`",
    |text| is_word(text, 128, "._-/:")
);
name!(
    /// A kind of failure, as its reporter names it.
    ErrorClass,
    "class of errors",
    "1 to 64 of letters, digits, `.`, `_`, `-`, `/`, `:`",
    |text| is_word(text, 64, "._-/:")
);
name!(
    /// Name of a project, and at first the id of its task.
    ProjectName,
    "project name",
    "1 to 100 of letters, digits, `.`, `_`, `-`, `/`, `:`, not beginning with `-`, without `.` or `..` as a path part, and not `null`",
    |text| is_argument(text, 100, "._-/:") && stays_inside(text) && text != "null"
);
name!(
    /// Name of a template.
    TemplateName,
    "template name",
    "1 to 100 of letters, digits, `.`, `_`, `-`, `/`, `:`, not beginning with `-`",
    |text| is_argument(text, 100, "._-/:")
);
name!(
    /// Name of a schedule.
    ScheduleName,
    "schedule name",
    "1 to 100 of letters, digits, `.`, `_`, `-`, `/`, `:`, not beginning with `-`",
    |text| is_argument(text, 100, "._-/:")
);
name!(
    /// Name of a variable of a template.
    VariableName,
    "variable name",
    "1 to 64 of letters, digits, `.`, `_`, `-`",
    |text| is_word(text, 64, "._-")
);
name!(
    /// A state of a workflow.
    Status,
    "state",
    "1 to 64 of letters, digits, `_`, `-`",
    |text| is_word(text, 64, "_-")
);
name!(
    /// A kind of work that a task goes through, beside its state.
    Phase,
    "phase",
    "1 to 64 of letters, digits, `_`, `-`",
    |text| is_word(text, 64, "_-")
);
name!(
    /// Name of a kind of edge.
    EdgeKindName,
    "link type",
    "1 to 64 of letters, digits, `_`, `-`",
    |text| is_word(text, 64, "_-")
);
name!(
    /// Idempotency key: the caller's name for a request that it may repeat.
    RequestId,
    "request id",
    "1 to 128 printable characters",
    |text| (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
);
name!(
    /// Type of an attachment: `note`, `result`, `gate/tests`.
    AttachmentType,
    "type of attachment",
    "1 to 64 printable characters without `*` and `?`, not beginning with `-`",
    |text| (1..=64).contains(&text.len())
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '*' | '?'))
);
name!(
    /// Name of a file in the media folder: the SHA-256 of its content.
    Digest,
    "digest",
    "64 hexadecimal digits in lower case",
    |text| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);
name!(
    /// Name of a counter that a worker reports, beside money.
    CounterName,
    "counter",
    "1 to 40 of letters, digits, `.`, `_`, `-`, `/`, `:`; money is `cost_usd`, beside the counters",
    |text| is_word(text, 40, "._-/:") && text != "cost_usd"
);

name!(
    /// A file, a pattern, or an exclusive name that begins with `lock:`, as a caller writes it.
    FileName,
    "file name",
    "1 to 512 characters in one line",
    |text| (1..=512).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);
name!(
    /// The target of a mark in its only spelling: a path or pattern relative to the
    /// project's root, an absolute one outside of it, or an exclusive name.
    MarkPath,
    "file name",
    "at most 4096 bytes, without `.`, `..` or nothing as a part",
    |text| (1..=4096).contains(&text.len())
        && !text.contains('\\')
        && !text.chars().any(char::is_control)
        && stays_inside(text.strip_prefix('/').unwrap_or(text))
);

/// The sender of the program's own messages. No worker can have this name.
pub const PROGRAM: &str = "task-graph";

impl WorkerId {
    /// The author that is recorded for a person: a name that no worker can have.
    pub const PERSON: &str = "@person";

    /// Returns the author that is recorded for a person.
    pub fn person() -> Self {
        Self(Self::PERSON.to_owned())
    }

    /// Returns true if this stands for a person, not for a worker.
    pub fn is_person(&self) -> bool {
        self.0 == Self::PERSON
    }
}

plain_display!(
    TaskRef,
    WorkerId,
    Tag,
    Status,
    Phase,
    EdgeKindName,
    ErrorClass,
    FileName,
    GroupKey,
    MarkPath,
    RequestId,
    AttachmentType,
    Digest,
    CounterName,
    ProjectName,
    TemplateName,
    ScheduleName,
    VariableName
);

/// How many digits of a generated id stand for it in answers.
const TAIL: usize = 8;

fn stays_inside(text: &str) -> bool {
    text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

impl TaskId {
    /// Generates an id that is not in use.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().hyphenated().to_string())
    }

    /// Returns the last digits of a generated id, which stand for it in answers.
    pub fn tail(&self) -> Option<&str> {
        is_generated(&self.0).then(|| &self.0[self.0.len() - TAIL..])
    }

    /// Returns the name that answers use: the tail of a generated id, else the whole.
    pub fn short(&self) -> &str {
        self.tail().unwrap_or(&self.0)
    }
}

impl TaskRef {
    /// Returns the digits if this could be the tail of a generated id.
    pub fn tail(&self) -> Option<&str> {
        let digits = self.0.len() == TAIL && self.0.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then_some(&self.0)
    }

    /// Returns true for `null`: the caller wants no task where there would be one by default.
    pub fn is_none(&self) -> bool {
        self.0 == "null"
    }
}

/// Returns true if `text` is a UUIDv7 in the spelling of `TaskId::generate`.
pub fn is_generated(text: &str) -> bool {
    text.len() == 36
        && Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 7)
        && !text.bytes().any(|b| b.is_ascii_uppercase())
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl From<&TaskId> for TaskRef {
    fn from(id: &TaskId) -> Self {
        Self(id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_id_cannot_leave_a_folder() {
        for bad in ["", "../../x", "a/../b", "/etc", "a//b", "a/", ".", "a b", "ä", "x\0y"] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad:?}");
        }
        for good in ["fix-login", "a/b.c", "api:v2", "x", "..."] {
            assert!(good.parse::<TaskId>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_name_that_a_shell_takes_cannot_be_a_flag() {
        for bad in ["-rf", "--help", "-C/some/folder", "-"] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad}");
            assert!(bad.parse::<TaskRef>().is_err(), "{bad}");
            assert!(bad.parse::<WorkerId>().is_err(), "{bad}");
            assert!(bad.parse::<ProjectName>().is_err(), "{bad}");
            assert!(bad.parse::<TemplateName>().is_err(), "{bad}");
            assert!(bad.parse::<ScheduleName>().is_err(), "{bad}");
            assert!(bad.parse::<AttachmentType>().is_err(), "{bad}");
        }
        assert!("a-b-".parse::<TaskId>().is_ok());
    }

    #[test]
    fn a_generated_id_is_shown_by_its_tail() {
        let id = TaskId::generate();

        assert_eq!(id.to_string().len(), TAIL);
        assert!(id.as_str().ends_with(&id.to_string()));
        assert!(id.short().parse::<TaskRef>().is_ok_and(|tail| tail.tail().is_some()));
    }

    #[test]
    fn a_refusal_of_a_huge_name_is_short() {
        let refused = "x".repeat(10_000).parse::<TaskId>();

        assert!(refused.is_err_and(|bad| bad.to_string().len() < 300));
    }
}
