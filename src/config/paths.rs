//! The folders of the project and the user, and the resolution of written paths.
//!
//! The root is looked for in this order:
//!
//! 1. The nearest `.task-graph` folder, from the start directory upwards. A
//!    linked git worktree stands for the main one: on the way up, its folders
//!    are replaced by those of the repository's main folder. A `.task-graph`
//!    that was checked out with a worktree is therefore passed over, and all
//!    worktrees of a repository find the same root.
//! 2. The main folder of the repository around the start directory.
//! 3. The start directory.
//!
//! The user's own `~/.task-graph` does not make the home directory a project. Naming
//! another store (`--database`, `TASK_GRAPH_DB_PATH`) does not change the root.

use std::path::{Path, PathBuf};

use super::Start;
use super::git::Checkout;
use super::source::mistake;
use crate::error::Result;

/// The folder that marks a project and holds its files.
pub const FOLDER: &str = ".task-graph";

/// The folders that paths are relative to. All are empty until they are looked up.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The folder in which the program was started, or the one given by `-C`.
    pub start: PathBuf,
    pub root: PathBuf,
    pub home: Option<PathBuf>,
    /// Folder of the settings for all users of this installation.
    pub installed_folder: Option<PathBuf>,
    /// Folder of the user's own settings.
    pub user_folder: Option<PathBuf>,
    /// Folder of the project's settings.
    pub project_folder: PathBuf,
}

impl Places {
    pub fn find(start: &Start) -> Result<Self> {
        let directory = start.directory.as_deref().unwrap_or(Path::new("."));
        let folder = directory.canonicalize().ok().filter(|folder| folder.is_dir());
        let folder =
            folder.ok_or_else(|| mistake(format!("`{}` is not a folder", directory.display()), ""))?;
        let mut places = Self {
            root: folder.clone(),
            start: folder,
            home: start.variable("HOME").map(PathBuf::from),
            installed_folder: None,
            user_folder: None,
            project_folder: PathBuf::new(),
        };
        let named = |variable| start.variable(variable).map(|text| places.given(text)).transpose();
        let (installed, user, project) = (
            named("TASK_GRAPH_INSTALL_DIR")?,
            named("TASK_GRAPH_USER_DIR")?,
            named("TASK_GRAPH_PROJECT_DIR")?,
        );
        places.installed_folder = installed;
        places.user_folder = user.or_else(|| places.home.as_ref().map(|home| home.join(FOLDER)));
        places.root = root(&places.start, places.user_folder.as_deref());
        places.project_folder = project.unwrap_or_else(|| places.root.join(FOLDER));
        Ok(places)
    }

    /// Resolves a configured path, which is relative to the root.
    pub fn resolve(&self, text: &str) -> Result<PathBuf> {
        self.resolve_from(&self.root, text)
    }

    /// Resolves a path from the command line, which is relative to the start directory.
    pub fn given(&self, text: &str) -> Result<PathBuf> {
        self.resolve_from(&self.start, text)
    }

    /// Returns a file of the project: its path, and its name in the store, relative to the root, with `/`.
    ///
    /// The given path is relative to the root. A file that exists only in the worktree of
    /// the start directory is treated as the same file of the repository.
    pub fn file(&self, text: &str) -> Result<(PathBuf, String), String> {
        let worktree = Checkout::around(&self.start).map(|checkout| checkout.top);
        let tops = [Some(&self.root), worktree.as_ref()].into_iter().flatten();
        let mut outside = false;
        for top in tops {
            let path = self.resolve_from(top, text).map_err(|error| error.to_string())?;
            let Ok(file) = path.canonicalize() else {
                continue;
            };
            if !file.is_file() {
                return Err(format!("`{text}` is not a file"));
            }
            match top.canonicalize().ok().and_then(|top| Some(file.strip_prefix(top).ok()?.to_owned())) {
                Some(inside) => return Ok((file, slashed(&inside)?)),
                None => outside = true,
            }
        }
        match outside {
            true => Err(format!("`{text}` is not in the project")),
            false => Err(format!("there is no file `{text}` in the project")),
        }
    }

    fn resolve_from(&self, base: &Path, text: &str) -> Result<PathBuf> {
        let (first, rest) = text.split_once('/').unwrap_or((text, ""));
        if matches!(first, "~" | "$HOME") {
            let home = self
                .home
                .as_ref()
                .ok_or_else(|| mistake(format!("`{text}` has no meaning: HOME is not set"), ""))?;
            return Ok(joined(home, rest));
        }
        if has_drive(text) && !Path::new(text).is_absolute() {
            return Err(mistake(format!("`{text}` is a path of Windows, which this system is not"), ""));
        }
        Ok(base.join(text))
    }
}

fn slashed(path: &Path) -> Result<String, String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| format!("the path `{}` is not UTF-8", path.display()))
}

pub(super) fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

fn root(start: &Path, user_folder: Option<&Path>) -> PathBuf {
    let user_folder = user_folder.and_then(|folder| folder.canonicalize().ok());
    let is_project = |folder: &PathBuf| {
        let marker = folder.join(FOLDER);
        marker.is_dir() && user_folder.as_ref().is_none_or(|user| !is_same(&marker, user))
    };
    let way = Way::up_from(start);
    let marked = way.folders.into_iter().find(is_project);
    marked.or(way.main).unwrap_or_else(|| start.to_path_buf())
}

fn is_same(folder: &Path, canonical: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| folder == canonical)
}

/// The folders in which a project is looked for, in order.
struct Way {
    folders: Vec<PathBuf>,
    /// The main folder of the first repository on the way.
    main: Option<PathBuf>,
}

impl Way {
    fn up_from(start: &Path) -> Self {
        let mut folders = Vec::new();
        let mut mains: Vec<PathBuf> = Vec::new();
        let mut above = Some(start.to_path_buf());
        while let Some(from) = above.take() {
            match Checkout::around(&from) {
                Some(Checkout { top, main }) if !mains.contains(&main) => {
                    let inside = from.strip_prefix(&top).unwrap_or(Path::new(""));
                    folders.extend(inside.ancestors().map(|inside| joined(&main, inside)));
                    above = main.parent().map(Path::to_path_buf);
                    mains.push(main);
                }
                // No repository, or a folder of one that was passed already.
                _ => folders.extend(from.ancestors().map(Path::to_path_buf)),
            }
        }
        let main = mains.into_iter().next();
        Self { folders, main }
    }
}

/// Joins two paths, without a slash at the end if the second is empty.
pub(super) fn joined(base: &Path, rest: impl AsRef<Path>) -> PathBuf {
    base.join(rest).components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A disk with a home, in which `has` creates folders and files.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn with(folders: &[&str]) -> Self {
            let disk = Self(tempfile::tempdir().unwrap());
            for folder in folders.iter().chain(&["home"]) {
                fs::create_dir_all(disk.path(folder)).unwrap();
            }
            disk
        }

        fn path(&self, inside: &str) -> PathBuf {
            joined(&self.0.path().canonicalize().unwrap(), inside)
        }

        /// Makes `top` a linked worktree of `repository`.
        fn links(&self, top: &str, repository: &str) {
            let git_folder = self.path(repository).join("worktrees").join(top.replace('/', "-"));
            fs::create_dir_all(&git_folder).unwrap();
            fs::write(git_folder.join("commondir"), "../..\n").unwrap();
            fs::create_dir_all(self.path(top)).unwrap();
            let link = format!("gitdir: {}\n", git_folder.display());
            fs::write(self.path(top).join(".git"), link).unwrap();
        }

        fn places(&self, start: &str) -> Places {
            let home = self.path("home").display().to_string();
            let start = Start {
                directory: Some(self.path(start)),
                environment: [("HOME".into(), home)].into(),
                ..Start::default()
            };
            Places::find(&start).unwrap()
        }

        fn root(&self, start: &str) -> String {
            let root = self.places(start).root;
            root.strip_prefix(self.path("")).unwrap().display().to_string()
        }
    }

    #[test]
    fn a_file_is_named_from_the_root_wherever_it_is_seen_from() {
        let disk = Disk::with(&["p/.git", "p/src", "p/.task-graph", "other"]);
        disk.links("w", "p/.git");
        fs::create_dir_all(disk.path("w/src")).unwrap();
        for file in ["p/src/a.rs", "w/src/a.rs", "w/src/new.rs", "other/x.rs"] {
            fs::write(disk.path(file), "x").unwrap();
        }
        let absolute = |file: &str| disk.path(file).display().to_string();
        let (main, linked) = (disk.places("p"), disk.places("w"));

        for path in ["src/a.rs", "./src/../src/a.rs", &absolute("p/src/a.rs")] {
            assert_eq!(main.file(path).unwrap().1, "src/a.rs", "{path}");
            assert_eq!(linked.file(path).unwrap().1, "src/a.rs", "{path}");
        }
        for path in ["src/new.rs", &absolute("w/src/new.rs")] {
            assert_eq!(linked.file(path).unwrap().1, "src/new.rs", "{path}");
        }
        for path in ["src", "src/new.rs", "../other/x.rs", &absolute("other/x.rs"), "~/x", "/etc/passwd"] {
            assert!(main.file(path).is_err(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_of_the_project_names_no_file_of_it() {
        let disk = Disk::with(&["p/.task-graph", "other"]);
        fs::write(disk.path("other/secret"), "x").unwrap();
        std::os::unix::fs::symlink(disk.path("other/secret"), disk.path("p/inside")).unwrap();

        assert_eq!(disk.places("p").file("inside").unwrap_err(), "`inside` is not in the project");
    }

    #[test]
    fn the_nearest_marked_folder_is_the_root() {
        let disk = Disk::with(&["p/.task-graph", "p/a/b", "p/sub/.task-graph", "p/sub/c"]);

        assert_eq!(disk.root("p"), "p");
        assert_eq!(disk.root("p/a/b"), "p");
        assert_eq!(disk.root("p/sub/c"), "p/sub");
    }

    #[test]
    fn without_a_mark_the_repository_is_the_root_and_without_one_the_start() {
        let disk = Disk::with(&["repo/.git", "repo/src/deep", "plain/folder"]);

        assert_eq!(disk.root("repo/src/deep"), "repo");
        assert_eq!(disk.root("plain/folder"), "plain/folder");
    }

    #[test]
    fn a_mark_above_the_repositories_serves_them_all() {
        let disk = Disk::with(&["team/.task-graph", "team/one/.git/worktrees", "team/two/.git"]);
        disk.links("far/one", "team/one/.git");

        assert_eq!(disk.root("team/one"), "team");
        assert_eq!(disk.root("team/two"), "team");
        assert_eq!(disk.root("far/one"), "team");
    }

    #[test]
    fn all_worktrees_share_the_store_of_the_main_folder() {
        let disk = Disk::with(&["repo/.git", "repo/src"]);
        disk.links("w1", "repo/.git");
        disk.links("deep/w2", "repo/.git");
        fs::create_dir_all(disk.path("w1/src")).unwrap();

        let before: Vec<_> = ["repo/src", "w1/src", "deep/w2"].map(|start| disk.root(start)).into();
        fs::create_dir_all(disk.path("repo/.task-graph")).unwrap();
        let after: Vec<_> = ["repo/src", "w1/src", "deep/w2"].map(|start| disk.root(start)).into();

        assert_eq!(before, ["repo"; 3]);
        assert_eq!(after, ["repo"; 3]);
    }

    #[test]
    fn a_mark_that_was_checked_out_with_a_worktree_does_not_split_the_team() {
        let disk = Disk::with(&["repo/.git", "w/.task-graph", "repo/inner/.task-graph"]);
        disk.links("w", "repo/.git");
        fs::create_dir_all(disk.path("w/inner/.task-graph")).unwrap();

        assert_eq!(disk.root("w"), "repo", "though the main folder has none");
        assert_eq!(disk.root("w/inner"), "repo/inner", "as from the main folder");
    }

    #[test]
    fn a_submodule_in_a_worktree_belongs_to_the_project_around_the_main_folder() {
        let disk = Disk::with(&["repo/.git", "repo/.task-graph", "w/.task-graph"]);
        disk.links("w", "repo/.git");
        fs::create_dir_all(disk.path("repo/.git/worktrees/w/modules/sub")).unwrap();
        fs::create_dir_all(disk.path("w/sub")).unwrap();
        fs::write(disk.path("w/sub/.git"), "gitdir: ../../repo/.git/worktrees/w/modules/sub").unwrap();

        assert_eq!(disk.root("w/sub"), "repo");
    }

    #[test]
    fn worktrees_of_a_bare_repository_share_a_store() {
        let disk = Disk::with(&["bare/repo.git"]);
        disk.links("bare/w1", "bare/repo.git");
        disk.links("w2", "bare/repo.git");

        assert_eq!(disk.root("bare/w1"), "bare/repo.git");
        assert_eq!(disk.root("w2"), "bare/repo.git");
        fs::create_dir_all(disk.path("bare/.task-graph")).unwrap();
        assert_eq!(disk.root("bare/w1"), "bare");
        assert_eq!(disk.root("w2"), "bare");
    }

    #[test]
    fn a_repository_inside_its_own_worktree_ends_the_search() {
        let disk = Disk::with(&["w/.task-graph"]);
        disk.links("w", "w/repo/.git");

        assert_eq!(disk.root("w"), "w");
    }

    #[test]
    fn the_users_own_settings_make_no_project_of_the_home() {
        let disk = Disk::with(&["home/.task-graph", "home/code/x"]);

        assert_eq!(disk.root("home/code/x"), "home/code/x");
    }

    #[test]
    fn a_file_called_like_the_mark_is_none() {
        let disk = Disk::with(&["p/q"]);
        fs::write(disk.path("p/.task-graph"), "").unwrap();

        assert_eq!(disk.root("p/q"), "p/q");
    }

    #[test]
    fn a_path_means_what_its_first_part_says() {
        let disk = Disk::with(&["p/.task-graph", "p/src"]);
        let places = disk.places("p/src");

        for (text, meant) in [
            ("src/main.rs", disk.path("p/src/main.rs")),
            ("~", disk.path("home")),
            ("~/x.db", disk.path("home/x.db")),
            ("$HOME", disk.path("home")),
            ("$HOME/x/y.db", disk.path("home/x/y.db")),
            ("/etc/x", "/etc/x".into()),
            ("~ann/x", disk.path("p/~ann/x")),
        ] {
            assert_eq!(places.resolve(text).unwrap(), meant, "{text}");
        }
        assert_eq!(places.given("x.db").unwrap(), disk.path("p/src/x.db"));
    }

    #[cfg(not(windows))]
    #[test]
    fn a_path_that_has_no_meaning_here_is_refused() {
        let mut places = Disk::with(&["p"]).places("p");
        places.home = None;

        let refused = |text| places.resolve(text).unwrap_err().to_string();

        assert_eq!(refused("~/x"), "`~/x` has no meaning: HOME is not set");
        assert_eq!(refused(r"C:\x"), r"`C:\x` is a path of Windows, which this system is not");
    }

    #[test]
    fn a_start_that_is_no_folder_is_refused() {
        let start = Start { directory: Some("/no/such/folder".into()), ..Start::default() };

        let refused = Places::find(&start).unwrap_err();

        assert_eq!(refused.to_string(), "`/no/such/folder` is not a folder");
    }
}
