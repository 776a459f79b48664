//! The errors of a call: a message for people, a code for programs, a kind for the
//! surfaces, and a hint about the next step.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::{Kept, Refusal, RequestId, listed};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule refused the call.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A rule refused a late result, which was kept.
    #[error("{refusal}")]
    Kept { refusal: Box<Refusal>, kept: Kept },
    #[error("no {what} is called `{name}`")]
    NotFound { what: &'static str, name: String, near: Vec<String> },
    #[error("`{tail}` could be any of {}", listed(candidates))]
    Ambiguous { tail: String, candidates: Vec<String> },
    /// The request cannot be read.
    #[error("{message}")]
    Input { message: String, hint: String },
    /// One request id for two different requests.
    #[error("request id `{id}` was used for `{first}` before{}", with_other_arguments(*other_arguments))]
    UsedRequestId { id: RequestId, first: String, other_arguments: bool },
    /// Some items of a list cannot be used: the first of them, and how many there are.
    #[error("{}", all_of(misfits, *total))]
    Items { misfits: Vec<Misfit>, total: usize },
    /// The configuration cannot be used.
    #[error("{message}")]
    Config { message: String, hint: String },
    #[error("the store was busy for {} s{}", waited.as_secs(), held_by(*holder))]
    Busy { waited: Duration, holder: Option<u32> },
    #[error("{running} queries ran already for {} s", waited.as_secs())]
    ManyQueries { running: usize, waited: Duration },
    #[error("the store has schema {file}, this program knows up to {program}")]
    Newer { file: i64, program: i64 },
    #[error("`{}` is not a task-graph store: {what}", path.display())]
    Foreign { path: PathBuf, what: String },
    #[error("{}: {trouble}", unusable(path.as_ref()))]
    Unusable { path: Option<PathBuf>, trouble: Trouble },
    #[error("`{}` is on a {kind} file system, where SQLite's locks do not work", path.display())]
    NetworkDisk { path: PathBuf, kind: String },
    /// A bug: something that must not happen.
    #[error("internal error: {0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// Why the files of a store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("the disk is full")]
    Full,
    #[error("the disk reports an error: {0}")]
    Disk(String),
    #[error("the last changes could not be stored: {0}")]
    Unsynced(String),
    #[error("the file is damaged: {0}")]
    Damaged(String),
    #[error("it may only be read")]
    ReadOnly,
    #[error("{0} was removed under this process")]
    Removed(&'static str),
    #[error("{0} was replaced by another file under this process")]
    Replaced(&'static str),
    #[error("{0} was cut off under this process")]
    Truncated(&'static str),
    #[error("{0}")]
    Place(String),
}

impl Trouble {
    fn hint(&self) -> &'static str {
        match self {
            Self::Full => "make room on that disk, then repeat the call",
            Self::Disk(_) => "see to the disk, then repeat the call",
            Self::Unsynced(_) => {
                "see to the disk, and look whether the change was made before you repeat it; a power cut may \
                 still undo it"
            }
            Self::Damaged(_) => {
                "stop all servers, keep a copy of the folder, and put back a copy of the store that is whole"
            }
            Self::ReadOnly => "give this user the right to write the file and its folder",
            Self::Removed(_) | Self::Replaced(_) | Self::Truncated(_) => {
                "nothing was written; put the store's files back as they were, then start this server again"
            }
            Self::Place(_) => "see to the folder and its rights, or give another with `--database FILE`",
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        const EIO: i32 = 5;
        match error.kind() {
            StorageFull | QuotaExceeded => Self::Full,
            ReadOnlyFilesystem => Self::ReadOnly,
            _ if error.raw_os_error() == Some(EIO) => Self::Disk(error.to_string()),
            _ => Self::Place(error.to_string()),
        }
    }
}

/// An item of a list that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {error}")]
pub struct Misfit {
    /// Its place in the list, counted from 0.
    pub at: usize,
    /// The same as a path, down to the fault: `rows[3].priority`.
    pub place: String,
    pub error: Box<Error>,
}

impl Misfit {
    /// Returns the same misfit, with its list inside item `at` of `list`.
    pub fn within(self, list: &str, at: usize) -> Self {
        Self { at, place: format!("{list}[{at}].{}", self.place), error: self.error }
    }

    /// Returns the facts for programs.
    pub fn to_json(&self) -> Value {
        json!({ "at": self.at, "code": self.error.code(), "message": self.to_string() })
    }
}

/// The remedy for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The caller corrects the call.
    Input,
    /// The caller picks another name.
    NotFound,
    /// The caller waits or chooses otherwise.
    Refused,
    /// The caller tries again.
    Busy,
    /// A person puts the installation right.
    Setup,
    /// A developer fixes the program.
    Internal,
}

impl Error {
    /// The answer to a call that must not wait. It is repeated where waiting is possible.
    pub const NOT_AT_ONCE: Self = Self::Busy { waited: Duration::ZERO, holder: None };

    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    pub fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Input { message: message.into(), hint: hint.into() }
    }

    /// Returns the error for trouble with the files of a store.
    pub fn unusable(path: &Path, trouble: impl Into<Trouble>) -> Self {
        Self::Unusable { path: Some(path.to_owned()), trouble: trouble.into() }
    }

    /// Adds the path of the store, if the error is about its files and lacks it.
    pub fn at(self, path: &Path) -> Self {
        match self {
            Self::Unusable { path: None, trouble } => Self::unusable(path, trouble),
            error => error,
        }
    }

    pub fn not_found(what: &'static str, name: impl ToString) -> Self {
        Self::NotFound { what, name: name.to_string(), near: Vec::new() }
    }

    /// Refuses a call if items of its list cannot be used.
    pub fn items(mut misfits: Vec<Misfit>) -> Result<()> {
        const NAMED: usize = 10;
        if misfits.is_empty() {
            return Ok(());
        }
        let total = misfits.len();
        misfits.truncate(NAMED);
        Err(Self::Items { misfits, total })
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Items { misfits, .. } => misfits.first().map_or(Kind::Input, |first| first.error.kind()),
            Self::Refused(_) | Self::Kept { .. } => Kind::Refused,
            Self::NotFound { .. } | Self::Ambiguous { .. } => Kind::NotFound,
            Self::Input { .. } | Self::UsedRequestId { .. } => Kind::Input,
            Self::Busy { .. } | Self::ManyQueries { .. } => Kind::Busy,
            Self::Config { .. }
            | Self::Newer { .. }
            | Self::Foreign { .. }
            | Self::Unusable { .. }
            | Self::NetworkDisk { .. } => Kind::Setup,
            Self::Internal(_) => Kind::Internal,
        }
    }

    /// Returns a stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Items { misfits, .. } => misfits.first().map_or("input", |first| first.error.code()),
            Self::Refused(refusal) => refusal.code(),
            Self::Kept { refusal, .. } => refusal.code(),
            Self::NotFound { .. } => "not_found",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Input { .. } => "input",
            Self::UsedRequestId { .. } => "request_id",
            Self::Config { .. } => "config",
            Self::Busy { .. } | Self::ManyQueries { .. } => "busy",
            Self::Newer { .. } => "newer",
            Self::Foreign { .. } => "foreign_database",
            Self::Unusable { .. } => "unusable_store",
            Self::NetworkDisk { .. } => "network_disk",
            Self::Internal(_) => "internal",
        }
    }

    /// Returns the next step, where one is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Items { misfits, .. } => return misfits.first().and_then(|first| first.error.hint()),
            Self::Refused(refusal) => refusal.hint(),
            Self::Kept { refusal, kept: Kept { attempt, labels } } => {
                format!("{}; your result was kept with attempt {attempt}: {}", refusal.hint(), listed(labels))
            }
            Self::NotFound { what, near, .. } if near.is_empty() => match *what {
                "task" => "`list_tasks` shows the tasks there are".into(),
                "project" => "`projects` shows which there are, and `project` makes one".into(),
                "worker" => "call `connect` with this worker_id first".into(),
                "store" => "the first call of an operation makes it".into(),
                _ => return None,
            },
            Self::NotFound { near, .. } => format!("did you mean {}?", listed(near)),
            Self::Ambiguous { .. } => "give the whole id".into(),
            Self::Input { hint, .. } | Self::Config { hint, .. } if hint.is_empty() => return None,
            Self::Input { hint, .. } | Self::Config { hint, .. } => hint.clone(),
            Self::UsedRequestId { .. } => "give each new request an id of its own".into(),
            Self::Busy { .. } => "try again; if it lasts, look at what that process does".into(),
            Self::ManyQueries { .. } => "wait for the answers to the others, or ask for less in each".into(),
            Self::Newer { .. } => {
                "update task-graph to the version that wrote it, and start its servers again".into()
            }
            Self::Foreign { .. } => "move that file away, or give another with `--database FILE`".into(),
            Self::Unusable { trouble, .. } => trouble.hint().into(),
            Self::NetworkDisk { .. } => {
                "put the store on a local disk: `--database FILE` or TASK_GRAPH_DB_PATH".into()
            }
            Self::Internal(_) => return None,
        };
        Some(hint)
    }

    /// Returns the facts for programs: `code`, `message`, `hint`, the details of the code,
    /// and the result that was kept.
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "code": self.code(), "message": self.to_string() });
        if let Some(hint) = self.hint() {
            body["hint"] = hint.into();
        }
        let mut details = match self {
            Self::Items { misfits, total } => {
                json!({ "failed": misfits.iter().map(Misfit::to_json).collect::<Vec<_>>(), "failed_total": total })
            }
            Self::Refused(refusal) => refusal.details(),
            Self::Kept { refusal, .. } => refusal.details(),
            Self::NotFound { near, .. } if !near.is_empty() => json!({ "near": near }),
            Self::Ambiguous { candidates, .. } => json!({ "candidates": candidates }),
            _ => Value::Null,
        };
        if let Value::Object(facts) = &mut details {
            facts.retain(|_, fact| !fact.is_null());
        }
        if !details.is_null() {
            body["details"] = details;
        }
        if let Self::Kept { kept, .. } = self {
            body["kept"] = kept.labels.clone().into();
        }
        body
    }
}

fn all_of(misfits: &[Misfit], total: usize) -> String {
    let told: Vec<_> = misfits.iter().map(Misfit::to_string).collect();
    match total {
        1 => told.join(""),
        _ => format!("{total} cannot be used: {}", told.join("; ")),
    }
}

fn unusable(path: Option<&PathBuf>) -> String {
    match path {
        Some(path) => format!("`{}` cannot be used as a store", path.display()),
        None => "the store cannot be used".into(),
    }
}

fn with_other_arguments(are_other: bool) -> &'static str {
    if are_other { ", with other arguments" } else { "" }
}

fn held_by(holder: Option<u32>) -> String {
    holder.map_or_else(String::new, |pid| format!(", held by process {pid}"))
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}
