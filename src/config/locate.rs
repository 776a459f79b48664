//! Resolves the name of a file, so that a file has one name for all workers that mark it.
//!
//! A name is relative to the project's root, to the home (`~`, `$HOME`), or absolute. Symbolic
//! links are followed as far as the path exists. A path in a linked worktree stands for the same
//! file in the repository's main folder. A path inside the root is spelt relative to it. A folder
//! stands for everything in it, and `{a,b}` for two names.

use std::path::{Path, PathBuf};

use super::git::Checkout;
use super::paths::{Places, has_drive};
use crate::domain::{FileName, LOCK, MarkPath, is_wild};
use crate::error::{Error, Result};

/// Maximum number of names that the braces of one name may stand for.
const MOST_FORMS: usize = 64;

impl Places {
    /// Returns the path that a name stands for, or several if it has braces.
    pub fn locate(&self, name: &FileName) -> Result<Vec<MarkPath>> {
        if name.as_str().starts_with(LOCK) {
            return Ok(vec![spelt(name.as_str())?]);
        }
        let text = name.as_str().replace('\\', "/");
        forms(text)?.iter().map(|text| spelt(&self.located(text)?)).collect()
    }

    fn located(&self, text: &str) -> Result<String> {
        let (base, rest) = self.based(text)?;
        let mut parts: Vec<&str> = Vec::new();
        for part in rest.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|part| is_wild(part)) => {
                    return Err(Error::input(format!("`{text}` goes back from a pattern"), ""));
                }
                ".." if parts.pop().is_none() && base.is_none() => {
                    return Err(Error::input(
                        format!("`{text}` leaves the project's folder"),
                        "name what is outside of it by its absolute path",
                    ));
                }
                ".." => {}
                part => parts.push(part),
            }
        }
        let literal = parts.iter().take_while(|part| !is_wild(part)).count();
        let (literal, pattern) = parts.split_at(literal);
        let mut located = self.found(base.as_deref(), &literal.join("/"))?;
        if pattern.is_empty() && (located.is_folder || text.ends_with('/') || located.path.is_empty()) {
            located.add("**");
        }
        pattern.iter().for_each(|part| located.add(part));
        Ok(located.path)
    }

    /// Splits a name into its base, if that is not the root, and the rest.
    fn based<'t>(&self, text: &'t str) -> Result<(Option<PathBuf>, &'t str)> {
        let (first, rest) = text.split_once('/').unwrap_or((text, ""));
        match first {
            "" => Ok((Some("/".into()), rest)),
            "~" | "$HOME" => match &self.home {
                Some(home) => Ok((Some(home.clone()), rest)),
                None => Err(Error::input(format!("`{text}` has no meaning: HOME is not set"), "")),
            },
            drive if has_drive(text) => Ok((Some(format!("{}/", drive.to_uppercase()).into()), rest)),
            _ => Ok((None, text)),
        }
    }

    /// Resolves a path without wildcards.
    fn found(&self, base: Option<&Path>, rest: &str) -> Result<Located> {
        let path = base.unwrap_or(&self.root).join(rest);
        // Another system's drive, or a root that was never looked up: there is nothing to follow.
        let (real, is_folder) = if path.is_absolute() { followed(&path) } else { (path, false) };
        let real = in_main_folder(&real).unwrap_or(real);
        let path = real.strip_prefix(&self.root).unwrap_or(&real);
        let path = path.to_str().ok_or_else(|| {
            Error::input(format!("`{}` leads to a name that is not UTF-8", real.display()), "")
        })?;
        let path = path.replace('\\', "/").trim_start_matches("//?/").trim_end_matches('/').to_owned();
        let is_root = path.is_empty() && real.has_root() && self.root != real;
        Ok(Located { path, is_folder, is_root })
    }
}

/// A resolved path, spelt as marks are.
struct Located {
    path: String,
    is_folder: bool,
    /// It is the root of the whole file system.
    is_root: bool,
}

impl Located {
    fn add(&mut self, part: &str) {
        if !self.path.is_empty() || self.is_root {
            self.path.push('/');
        }
        self.path.push_str(part);
    }
}

fn spelt(text: &str) -> Result<MarkPath> {
    text.parse().map_err(|bad: crate::domain::BadName| Error::input(bad.to_string(), ""))
}

/// Follows symbolic links as far as the path exists. The flag is true if a folder is at the end.
fn followed(path: &Path) -> (PathBuf, bool) {
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            return match path.strip_prefix(there) {
                Ok(rest) if rest.as_os_str().is_empty() => {
                    let is_folder = real.is_dir();
                    (real, is_folder)
                }
                rest => (real.join(rest.unwrap_or(Path::new(""))), false),
            };
        }
    }
    (path.to_owned(), false)
}

/// Returns the path in the main folder that a path in a linked worktree stands for.
fn in_main_folder(path: &Path) -> Option<PathBuf> {
    let Checkout { top, main } = Checkout::around(path).filter(|_| path.is_absolute())?;
    let inside = path.strip_prefix(&top).ok().filter(|_| top != main)?;
    Some(main.join(inside))
}

/// Returns the names that a name with braces stands for. Braces without a comma are ordinary characters.
fn forms(text: String) -> Result<Vec<String>> {
    let mut forms = vec![text];
    let mut done = 0;
    while let Some(text) = forms.get(done) {
        let Some((before, choices, after)) = braces(text) else {
            done += 1;
            continue;
        };
        let chosen: Vec<String> = choices.iter().map(|choice| format!("{before}{choice}{after}")).collect();
        forms.splice(done..=done, chosen);
        if forms.len() > MOST_FORMS {
            return Err(Error::input(
                format!("`{}` stands for more than {MOST_FORMS} names", forms[0]),
                "use a pattern with `*`",
            ));
        }
    }
    forms.sort();
    forms.dedup();
    Ok(forms)
}

/// Splits at the first pair of braces that has a choice and no other pair inside.
fn braces(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    text.match_indices('}').find_map(|(close, _)| {
        let open = text[..close].rfind('{')?;
        let choices: Vec<&str> = text[open + 1..close].split(',').collect();
        (choices.len() > 1).then(|| (&text[..open], choices, &text[close + 1..]))
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A repository with a linked worktree beside it and one inside, a home, and links between them.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn new() -> Self {
            let disk = Self(tempfile::tempdir().unwrap());
            for folder in ["repo/.git/worktrees", "repo/src/db", "home/notes", "w/src", "repo/.trees/in"] {
                fs::create_dir_all(disk.path(folder)).unwrap();
            }
            for (top, name) in [("w", "w"), ("repo/.trees/in", "in")] {
                let git_folder = disk.path("repo/.git/worktrees").join(name);
                fs::create_dir_all(&git_folder).unwrap();
                fs::write(git_folder.join("commondir"), "../..\n").unwrap();
                fs::write(disk.path(top).join(".git"), format!("gitdir: {}\n", git_folder.display()))
                    .unwrap();
            }
            fs::write(disk.path("repo/src/a.rs"), "").unwrap();
            let link = |to: &str, at: &str| std::os::unix::fs::symlink(disk.path(to), disk.path(at)).unwrap();
            link("repo/src", "repo/alias");
            link("repo/src/a.rs", "repo/a.rs");
            link("repo", "home/project");
            link("home/notes", "repo/notes");
            disk
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(inside)
        }

        fn places(&self) -> Places {
            Places { root: self.path("repo"), home: Some(self.path("home")), ..Places::default() }
        }

        /// Returns the resolved names, with `@` for the disk.
        fn meant(&self, text: &str) -> String {
            let here = self.path("").display().to_string();
            let here = here.trim_end_matches('/');
            let name = text.replace('@', here).parse().unwrap();
            match self.places().locate(&name) {
                Ok(paths) => {
                    let paths: Vec<_> = paths.iter().map(|path| path.as_str().replace(here, "@")).collect();
                    paths.join(" ")
                }
                Err(error) => format!("{}: {}", error.code(), error.to_string().replace(here, "@")),
            }
        }
    }

    #[test]
    fn every_way_to_name_a_file_is_one_name() {
        let disk = Disk::new();

        for text in [
            "src/a.rs",
            "./src//a.rs",
            "src/db/../a.rs",
            r"src\a.rs",
            "@/repo/src/a.rs",
            "~/project/src/a.rs",
            "$HOME/project/src/a.rs",
            "alias/a.rs",
            "a.rs",
            "@/w/src/a.rs",
            "@/repo/.trees/in/src/a.rs",
        ] {
            assert_eq!(disk.meant(text), "src/a.rs", "{text}");
        }
    }

    #[test]
    fn a_name_means_what_the_conventions_say() {
        let disk = Disk::new();

        for (text, meant) in [
            ("new/x.rs", "new/x.rs"),
            ("@/w/new/x.rs", "new/x.rs"),
            ("alias/new.rs", "src/new.rs"),
            ("~/x", "@/home/x"),
            ("~", "@/home/**"),
            ("~ann/x", "~ann/x"),
            ("notes/x", "@/home/notes/x"),
            ("/no/such/x", "/no/such/x"),
            ("/no/../../x", "/x"),
            ("/", "/**"),
            (r"c:\Users\x", "C:/Users/x"),
            ("D:/x/../y", "D:/y"),
            ("src", "src/**"),
            ("src/", "src/**"),
            ("new/", "new/**"),
            (".", "**"),
            ("@/w", "**"),
            ("*.rs", "*.rs"),
            ("alias/**/*.rs", "src/**/*.rs"),
            ("@/w/src/*.rs", "src/*.rs"),
            ("~/project/**", "**"),
            ("/*", "/*"),
            ("app/[id]/{x}.ts", "app/[id]/{x}.ts"),
            ("src/{a,b}.rs", "src/a.rs src/b.rs"),
            ("src/{a,db/{x,y}}", "src/a src/db/x src/db/y"),
            ("lock:build", "lock:build"),
        ] {
            assert_eq!(disk.meant(text), meant, "{text}");
        }
    }

    #[test]
    fn nothing_gets_out_of_the_project_unsaid() {
        let disk = Disk::new();

        for (text, refusal) in [
            ("../x", "input: `../x` leaves the project's folder"),
            ("src/../../repo/src/a.rs", "input: `src/../../repo/src/a.rs` leaves the project's folder"),
            ("src/*/../x", "input: `src/*/../x` goes back from a pattern"),
        ] {
            assert_eq!(disk.meant(text), refusal);
        }
        let many = disk.meant(&"{a,b}".repeat(8));
        assert!(many.starts_with("input: ") && many.ends_with("more than 64 names"), "{many}");
    }

    #[test]
    fn where_nobody_has_looked_names_are_only_folded() {
        let located = |text: &str| Places::default().locate(&text.parse().unwrap()).unwrap();

        assert_eq!(located("no/such/./file")[0].as_str(), "no/such/file");
    }
}
