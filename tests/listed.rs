//! No test file is forgotten: with one binary, a file that nobody lists never runs.

use std::fs;
use std::path::Path;

#[test]
fn every_file_of_tests_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");

    let forgotten = forgotten(&folder, &folder.join("main.rs"));

    assert!(forgotten.is_empty(), "not listed: {forgotten:?}");
}

/// Returns the modules in `folder` that `list` does not name, and those below them.
fn forgotten(folder: &Path, list: &Path) -> Vec<String> {
    let listed = fs::read_to_string(list).unwrap_or_default();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let below = path.is_dir().then(|| forgotten(&path, &path.join("mod.rs")));
        let is_module = match &below {
            Some(_) => path.join("mod.rs").exists() || holds_rust(&path),
            None => path.extension().is_some_and(|kind| kind == "rs"),
        };
        let names_itself = matches!(name, "main" | "mod");
        if is_module && !names_itself && !listed.contains(&format!("mod {name};")) {
            found.push(format!("{name} in {}", list.display()));
        }
        found.extend(below.into_iter().flatten());
    }
    found
}

fn holds_rust(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.any(|path| path.extension().is_some_and(|kind| kind == "rs"))
}
