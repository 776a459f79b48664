//! Sources of settings, and errors that name the place of a mistake.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::tree::Node;
use super::yaml;
use crate::error::{Error, Result};

/// The origin of a setting's value. A later one wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Default,
    InstalledFile(PathBuf),
    UserFile(PathBuf),
    ProjectFile(PathBuf),
    Environment(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::InstalledFile(path) => write!(f, "installed file {}", path.display()),
            Self::UserFile(path) => write!(f, "user file {}", path.display()),
            Self::ProjectFile(path) => write!(f, "project file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An origin with its text.
#[derive(Debug)]
pub struct Source {
    pub origin: Origin,
    text: String,
    form: Form,
}

/// The format of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Written by people.
    Yaml,
    /// Compiled into the program.
    Json,
}

impl Source {
    pub fn new(origin: Origin, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { origin, text: text.into(), form: Form::Yaml })
    }

    /// Returns the source for a compiled-in text.
    pub fn shipped(json: &str) -> Arc<Self> {
        Arc::new(Self { origin: Origin::Default, text: json.to_owned(), form: Form::Json })
    }

    /// Reads a file; returns `None` if it does not exist.
    ///
    /// A pipe or a device is refused before it is opened, since reading it might never end.
    pub fn read(path: &Path, origin: Origin) -> Result<Option<Arc<Self>>> {
        if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
            let message = format!("`{}` is no regular file", path.display());
            return Err(mistake(message, "replace it by a file, or remove it"));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(Self::new(origin, text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// Parses the text into settings.
    pub fn tree(self: &Arc<Self>) -> Result<Node> {
        if self.form == Form::Json {
            return Ok(yaml::compiled(self, &self.text)?);
        }
        yaml::tree(self, &self.text).map_err(|error| {
            let place = self.place(error.location().map(|at| at.line()));
            mistake(format!("{place}: {error}"), "write it as YAML, each key once")
        })
    }

    /// Returns an error about the setting `key`, with its place.
    pub fn fault(&self, key: &[&str], what: impl fmt::Display, hint: impl Into<String>) -> Error {
        let place = self.place(yaml::line_of(key, &self.text));
        mistake(format!("{place}: `{}` {what}", key.join(".")), hint)
    }

    /// Returns an error about the whole source.
    pub fn fault_of_all(&self, what: impl fmt::Display, hint: impl Into<String>) -> Error {
        mistake(format!("{}: {what}", self.place(None)), hint)
    }

    fn place(&self, line: Option<usize>) -> String {
        let name = match &self.origin {
            Origin::Default => "config/config.yaml".into(),
            Origin::InstalledFile(path) | Origin::UserFile(path) | Origin::ProjectFile(path) => {
                path.display().to_string()
            }
            Origin::Environment(name) | Origin::Flag(name) => (*name).to_owned(),
        };
        match line {
            Some(line) => format!("{name}:{line}"),
            None => name,
        }
    }
}

/// Returns the error for a file or folder that exists but cannot be read.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    mistake(format!("`{}` cannot be read: {error}", path.display()), "")
}

/// Returns the error for a configuration that cannot be used.
pub fn mistake(message: String, hint: impl Into<String>) -> Error {
    let hint = hint.into();
    Error::Config { message, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_pipe_a_device_or_a_folder_is_refused_without_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());

        for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            let refused = Source::read(path, Origin::Flag("--config")).unwrap_err();

            assert!(refused.to_string().ends_with("is no regular file"), "{refused}");
        }
    }
}
