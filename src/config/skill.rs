//! Skills: short guides for agents, in the common `SKILL.md` format.
//!
//! Some are compiled in. A file `skills/<name>/SKILL.md` replaces the skill of that name or adds
//! one. It may be beside the settings of the installation, of the user or of the project; the
//! last one wins. No file is read before a skill is requested.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::paths::Places;
use super::section::Section;
use super::source::{Source, unreadable};
use super::{Origin, Start};
use crate::error::Result;

/// The compiled-in skills, in the order in which a newcomer would read them.
const SHIPPED: &[(&str, &str)] = &[
    ("worker", include_str!("../../skills/worker/SKILL.md")),
    ("planning", include_str!("../../skills/planning/SKILL.md")),
    ("coordinator", include_str!("../../skills/coordinator/SKILL.md")),
    ("reporting", include_str!("../../skills/reporting/SKILL.md")),
    ("repair", include_str!("../../skills/repair/SKILL.md")),
    ("migration", include_str!("../../skills/migration/SKILL.md")),
    ("queue", include_str!("../../skills/queue/SKILL.md")),
];

/// An optional prefix of names: `task-graph-worker` is `worker`.
const PREFIX: &str = "task-graph-";
/// Names that similar tools use for a skill.
const OTHER_NAMES: &[(&str, &str)] = &[("basics", "worker")];
const FILE: &str = "SKILL.md";
/// Maximum size of a file, in bytes.
const LONGEST: u64 = 1 << 20;

/// A guide for agents.
#[derive(Clone, Debug)]
pub struct Skill {
    pub name: String,
    /// Its purpose, and when to read it.
    pub description: String,
    /// The text, without the front matter.
    pub text: String,
    pub origin: Origin,
}

/// The folders of skills beside the compiled-in ones; a later folder wins.
#[derive(Clone, Debug, Default)]
pub struct Skills {
    root: PathBuf,
    folders: Vec<Folder>,
}

#[derive(Clone, Debug)]
struct Folder {
    path: PathBuf,
    /// The origin of a file in it, as for settings.
    origin: fn(PathBuf) -> Origin,
}

/// The file of a skill.
#[derive(Debug)]
struct Written {
    path: PathBuf,
    origin: Origin,
}

/// The readable skills, and the faults of the others.
#[derive(Debug, Default)]
pub struct Found {
    pub skills: Vec<Skill>,
    pub faults: Vec<String>,
}

impl Skills {
    pub(super) fn of(start: &Start, places: &Places) -> Result<Self> {
        let beside = |folder: &PathBuf| folder.join("skills");
        let named = start.variable("TASK_GRAPH_SKILLS_DIR").map(|text| places.given(text)).transpose()?;
        let project = named.unwrap_or_else(|| beside(&places.project_folder));
        let folder = |path: PathBuf, origin| Folder { path, origin };
        let installed = places.installed_folder.as_ref().map(beside);
        let user = places.user_folder.as_ref().map(beside);
        let folders = installed
            .map(|path| folder(path, Origin::InstalledFile))
            .into_iter()
            .chain(user.map(|path| folder(path, Origin::UserFile)))
            .chain([folder(project, Origin::ProjectFile)]);
        Ok(Self { root: places.root.clone(), folders: folders.collect() })
    }

    /// Returns the names of all skills: the shipped ones, then the others in alphabetical order.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.extend(self.files()?.into_keys().filter(|name| shipped(name).is_none()));
        Ok(names)
    }

    pub fn all(&self) -> Result<Found> {
        let files = self.files()?;
        let mut found = Found::default();
        for name in self.names()? {
            match read(&name, files.get(&name)) {
                Ok(Some(skill)) => found.skills.push(skill),
                Ok(None) => {}
                Err(error) => found.faults.push(error.to_string()),
            }
        }
        Ok(found)
    }

    /// Returns the skill of this name, with or without the prefix.
    pub fn find(&self, name: &str) -> Result<Option<Skill>> {
        let Some(name) = short(name) else {
            return Ok(None);
        };
        let files = self.files()?;
        let own = read(name, files.get(name))?;
        match OTHER_NAMES.iter().find(|(other, _)| *other == name) {
            Some((_, name)) if own.is_none() => read(name, files.get(*name)),
            _ => Ok(own),
        }
    }

    /// Returns the file of each skill that has one.
    fn files(&self) -> Result<BTreeMap<String, Written>> {
        let mut files = BTreeMap::new();
        for Folder { path: folder, origin } in &self.folders {
            for (name, path) in in_folder(folder)? {
                let shown = path.strip_prefix(&self.root).unwrap_or(&path).to_path_buf();
                files.insert(name, Written { path, origin: origin(shown) });
            }
        }
        Ok(files)
    }
}

/// Returns the skills in a folder, each with its file.
fn in_folder(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let files = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Ok(entries) => entries.map(|entry| Ok(entry?.path().join(FILE))).collect(),
        Err(error) => Err(error),
    };
    let files: Vec<PathBuf> = files.map_err(|error| unreadable(folder, &error))?;
    let named = |path: PathBuf| {
        let name = path.parent().and_then(Path::file_name)?.to_str()?;
        Some((short(name)?.to_owned(), path)).filter(|(_, path)| path.is_file())
    };
    Ok(files.into_iter().filter_map(named).collect())
}

/// Returns a name without the prefix, if it is valid.
fn short(name: &str) -> Option<&str> {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    ((1..=64).contains(&name.len()) && name.chars().all(fits)).then_some(name)
}

fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

fn read(name: &str, written: Option<&Written>) -> Result<Option<Skill>> {
    let Some(Written { path, origin }) = written else {
        return shipped(name).map(|text| parse(name, Origin::Default, text)).transpose();
    };
    let size = path.metadata().map_err(|error| unreadable(path, &error))?.len();
    if size > LONGEST {
        let what = format!("has {size} bytes, a skill has at most {LONGEST}");
        return Err(Source::new(origin.clone(), "").fault_of_all(what, ""));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    parse(name, origin.clone(), &text).map(Some)
}

/// Splits a text into the front matter, between two lines of dashes, and the rest.
fn parse(name: &str, origin: Origin, text: &str) -> Result<Skill> {
    const DASHES: &str = "---";
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let front = text.strip_prefix(DASHES).and_then(|rest| rest.split_once("\n---"));
    let Some((front, body)) = front.filter(|(front, _)| front.starts_with('\n')) else {
        return Err(Source::new(origin, "").fault_of_all(
            "has no front matter",
            "begin it with the lines `---`, `name: …`, `description: …` and `---`",
        ));
    };
    // The front matter keeps the end of its first line, so that its line numbers are those of the file.
    let source: Arc<Source> = Source::new(origin, front);
    let tree = source.tree()?;
    let description: String = Section::of(&tree)?.required("description")?;
    Ok(Skill {
        name: name.to_owned(),
        description: description.trim().to_owned(),
        text: body.trim().to_owned() + "\n",
        origin: source.origin.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The folders of a user and of a project, with these skills in them.
    fn skills(files: &[(&str, &str)]) -> (tempfile::TempDir, Skills) {
        let disk = tempfile::tempdir().unwrap();
        for (folder, text) in files {
            let folder = disk.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(FILE), text).unwrap();
        }
        let user = Folder { path: disk.path().join("user"), origin: Origin::UserFile };
        let project = Folder { path: disk.path().join("project"), origin: Origin::ProjectFile };
        let skills = Skills { root: disk.path().to_owned(), folders: vec![user, project] };
        (disk, skills)
    }

    fn of(description: &str) -> String {
        format!("---\nname: any\ndescription: {description}\nlicense: MIT\n---\n\n# Say {description}\n")
    }

    #[test]
    fn the_projects_skill_goes_over_the_users_and_that_over_the_shipped_one() {
        let (_disk, skills) = skills(&[
            ("user/worker", &of("user")),
            ("user/repair", &of("user")),
            ("user/own", &of("user")),
            ("project/task-graph-worker", &of("project")),
            ("project/house-rules", &of("project")),
        ]);

        let said: Vec<_> = skills.all().unwrap().skills;

        let said: Vec<_> =
            said.iter().map(|skill| (skill.name.as_str(), skill.description.as_str())).collect();
        assert_eq!(said.len(), SHIPPED.len() + 2);
        assert_eq!(said[0], ("worker", "project"));
        assert_eq!(said[4], ("repair", "user"));
        assert_eq!(said[SHIPPED.len()..], [("house-rules", "project"), ("own", "user")]);
        assert_eq!(skills.find("task-graph-own").unwrap().unwrap().text, "# Say user\n");
        assert_eq!(skills.find("task-graph-basics").unwrap().unwrap().name, "worker");
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let (_disk, skills) = skills(&[("secret", &of("secret"))]);

        for name in ["../secret", "", "a/b", "task-graph-", "nobody", &"x".repeat(65)] {
            assert!(skills.find(name).unwrap().is_none(), "{name}");
        }
    }

    #[test]
    fn a_skill_that_cannot_be_read_is_told_with_its_place_and_hides_no_other() {
        let long = "x".repeat(LONGEST as usize + 1);
        let (_disk, skills) = skills(&[
            ("project/bare", "# No front matter\n"),
            ("project/nameless", "---\nname: x\n---\ntext\n"),
            ("project/broken", "---\nname: x\ndescription: 7\n---\ntext\n"),
            ("project/long", &long),
        ]);

        let found = skills.all().unwrap();

        assert_eq!(found.skills.len(), SHIPPED.len());
        for (fault, said) in found.faults.iter().zip([
            "bare/SKILL.md: has no front matter",
            "broken/SKILL.md:3: `description` cannot be used",
            "project/long/SKILL.md: has 1048577 bytes",
            "nameless/SKILL.md: `description` is missing",
        ]) {
            assert!(fault.contains(said), "{fault}");
        }
        assert_eq!(found.faults.len(), 4);
    }

    #[test]
    fn the_shipped_skills_are_called_by_their_own_names() {
        for (name, text) in SHIPPED {
            let skill = parse(name, Origin::Default, text).unwrap();

            assert!(text.starts_with(&format!("---\nname: {name}\n")), "{name}");
            assert!((20..=200).contains(&skill.description.len()), "{name}: {}", skill.description);
            assert!(skill.text.starts_with("# "), "{name}");
        }
    }
}
