//! The git checkout around a folder, read from git's files: no git program is needed.

use std::fs;
use std::path::{Path, PathBuf};

/// A git working tree, and the main folder of its repository.
#[derive(Debug, PartialEq, Eq)]
pub struct Checkout {
    pub top: PathBuf,
    /// The main working tree; for a bare repository, the repository itself.
    pub main: PathBuf,
}

impl Checkout {
    /// Finds the checkout that contains a folder.
    pub fn around(folder: &Path) -> Option<Self> {
        let top = folder.ancestors().find(|folder| folder.join(".git").exists())?;
        let main = main_folder(top).unwrap_or_else(|| top.to_path_buf());
        let top = top.to_path_buf();
        Some(Self { top, main })
    }
}

/// Returns the main folder of the repository, if `top` is a linked worktree.
///
/// Returns nothing for a `.git` folder, for a submodule (whose repository has this one folder),
/// and for a worktree whose repository is out of reach, as in a container with only the worktree
/// mounted.
fn main_folder(top: &Path) -> Option<PathBuf> {
    let git_folder = linked(top)?;
    let common = fs::read_to_string(git_folder.join("commondir")).ok()?;
    let common = git_folder.join(common.trim_end()).canonicalize().ok()?;
    let parent = common.parent()?;
    let is_inside = common.ends_with(".git") || linked(parent).as_ref() == Some(&common);
    Some(if is_inside { parent.to_path_buf() } else { common })
}

/// Returns the folder that a `.git` file points to.
fn linked(top: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(top.join(".git")).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    top.join(target).canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with git's files, written by hand.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(inside)
        }

        fn has(&self, file: &str, text: &str) {
            let path = self.path(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn has_worktree(&self, top: &str, repository: &str) {
            let git_folder = format!("{repository}/worktrees/w");
            self.has(&format!("{git_folder}/commondir"), "../..\n");
            let link = format!("gitdir: {}\n", self.path(&git_folder).display());
            self.has(&format!("{top}/.git"), &link);
        }

        fn main_of(&self, folder: &str) -> Option<PathBuf> {
            Checkout::around(&self.path(folder)).map(|checkout| checkout.main)
        }
    }

    #[test]
    fn a_worktree_belongs_to_the_main_folder() {
        let disk = Disk::new();
        disk.has_worktree("elsewhere/w", "repo/.git");

        assert_eq!(disk.main_of("elsewhere/w/src"), Some(disk.path("repo")));
        assert_eq!(disk.main_of("repo"), Some(disk.path("repo")));
        assert_eq!(disk.main_of("elsewhere"), None);
    }

    #[test]
    fn the_worktrees_of_a_bare_repository_belong_to_it() {
        let disk = Disk::new();
        disk.has_worktree("w", "repo.git");

        assert_eq!(disk.main_of("w"), Some(disk.path("repo.git")));
    }

    #[test]
    fn a_folder_that_hides_its_bare_repository_stands_for_it() {
        let disk = Disk::new();
        disk.has_worktree("repo/w", "repo/.bare");
        disk.has("repo/.git", "gitdir: ./.bare\n");

        assert_eq!(disk.main_of("repo/w"), Some(disk.path("repo")));
        assert_eq!(disk.main_of("repo"), Some(disk.path("repo")));
    }

    #[test]
    fn a_submodule_stands_for_itself() {
        let disk = Disk::new();
        disk.has("repo/.git/modules/sub/HEAD", "");
        disk.has("repo/sub/.git", "gitdir: ../.git/modules/sub\n");

        assert_eq!(disk.main_of("repo/sub/src"), Some(disk.path("repo/sub")));
    }

    #[test]
    fn a_worktree_whose_repository_is_out_of_reach_stands_for_itself() {
        let disk = Disk::new();
        disk.has("w/.git", "gitdir: /nowhere/.git/worktrees/w\n");

        assert_eq!(disk.main_of("w"), Some(disk.path("w")));
    }
}
