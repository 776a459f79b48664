//! The folder of a store: made by the first call that needs it, kept through a power cut, and hidden from git.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The folder that has only a store and its settings.
const OWN: &str = ".task-graph";
/// `git clean` and `git stash -u` remove files that are neither tracked nor ignored, under running servers too.
const IGNORED: &str = "\
# Written by task-graph when it made the store. The store is not for git; settings beside it may be.
/.gitignore
/tasks.db*
";
/// The longest chain of symbolic links that is followed.
const MAX_LINKS: usize = 40;

/// Makes the folder of a store if it is missing. Returns the path of the store with all links followed, so that the
/// files beside it have the same names for every process.
pub fn prepare(path: &Path, synced: bool) -> io::Result<PathBuf> {
    let path = followed(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make(folder, synced)?;
    let folder = folder.canonicalize()?;
    let store = folder.join(path.file_name().unwrap_or_default());
    if folder.file_name() == Some(OsStr::new(OWN)) && !store.exists() {
        ignore(&folder)?;
    }
    Ok(store)
}

/// Follows symbolic links in place of the file itself, even if there is no file at their end.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its symbolic links go round in a circle"))
}

fn ignore(folder: &Path) -> io::Result<()> {
    let created = File::options().write(true).create_new(true).open(folder.join(".gitignore"));
    match created {
        Ok(mut file) => io::Write::write_all(&mut file, IGNORED.as_bytes()),
        // The project has its own file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a folder and its missing parents. If `synced`, their names are on the disk afterwards.
pub fn make(folder: &Path, synced: bool) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new(""));
    make(above, synced)?;
    match fs::create_dir(folder) {
        // Another process may have made it first.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(error),
        _ if synced => sync(above),
        _ => Ok(()),
    }
}

/// Syncs the names in a folder to the disk.
#[cfg(unix)]
pub fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folders_are_made_and_present_ones_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b/c");

        make(&deep, true).unwrap();
        make(&deep, true).unwrap();

        assert!(deep.is_dir());
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_an_error() {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("a"), "").unwrap();

        assert!(make(&top.path().join("a/b"), true).is_err());
        assert!(make(&top.path().join("a"), true).is_err());
    }

    #[test]
    fn only_a_new_store_in_a_folder_of_its_own_is_ignored() {
        let top = tempfile::tempdir().unwrap();
        let own = top.path().join(OWN);

        prepare(&top.path().join("tasks.db"), true).unwrap();
        assert!(!top.path().join(".gitignore").exists());
        prepare(&own.join("tasks.db"), true).unwrap();
        assert_eq!(fs::read_to_string(own.join(".gitignore")).unwrap(), IGNORED);

        fs::write(own.join("tasks.db"), "").unwrap();
        fs::remove_file(own.join(".gitignore")).unwrap();
        prepare(&own.join("tasks.db"), true).unwrap();
        assert!(!own.join(".gitignore").exists());
    }

    #[test]
    fn an_ignore_file_of_the_project_stays() {
        let top = tempfile::tempdir().unwrap();
        let own = top.path().join(OWN);
        fs::create_dir(&own).unwrap();
        fs::write(own.join(".gitignore"), "mine").unwrap();

        prepare(&own.join("tasks.db"), true).unwrap();

        assert_eq!(fs::read_to_string(own.join(".gitignore")).unwrap(), "mine");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_even_where_they_lead_to_no_file_yet() {
        use std::os::unix::fs::symlink;
        let top = tempfile::tempdir().unwrap();
        let real = top.path().canonicalize().unwrap();
        symlink("elsewhere/s.db", top.path().join("tasks.db")).unwrap();
        symlink("loop", top.path().join("loop")).unwrap();

        assert_eq!(prepare(&top.path().join("tasks.db"), true).unwrap(), real.join("elsewhere/s.db"));
        assert!(prepare(&top.path().join("loop"), true).is_err());
    }
}
