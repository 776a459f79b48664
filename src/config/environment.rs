//! The environment variables of this program, and the notice about unknown ones.

use super::Start;
use crate::domain::nearest;

/// Stops the clock in tests. Release builds do not know it.
const ONLY_IN_TESTS: &str = "now";

const BEGINNING: &str = "TASK_GRAPH_";

/// Names without the prefix, in lower case.
const KNOWN: &[&str] = &[
    "config_path",
    "db_path",
    "durability",
    "install_dir",
    "log",
    "log_dir",
    "project_dir",
    "skills_dir",
    "toolset",
    "user_dir",
    "worker_id",
];

/// Variables of similar programs, each with the behaviour of this program instead.
const ELSEWHERE: &[(&str, &str)] = &[("MEDIA_DIR", "media lie beside the store, in `<store>-media`")];

/// Returns a notice about unknown variables with our prefix.
pub fn unheeded(start: &Start) -> Option<String> {
    let ours = start.environment.keys().filter_map(|name| name.strip_prefix(BEGINNING));
    let unknown = ours.filter(|name| !is_known(&name.to_lowercase()));
    let told: Vec<String> = unknown
        .map(|name| format!("the variable `{BEGINNING}{name}` is not heeded: {}", instead(name)))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || cfg!(debug_assertions) && name == ONLY_IN_TESTS
}

fn instead(name: &str) -> String {
    if let Some((_, why)) = ELSEWHERE.iter().find(|(other, _)| *other == name) {
        return (*why).to_owned();
    }
    match nearest(name, KNOWN) {
        Some(near) => format!("did you mean `{BEGINNING}{}`?", near.to_uppercase()),
        None => "it is not one of this program".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_means_nothing_is_named_with_what_may_have_been_meant() {
        let told = |name: &str| {
            let environment = [(name.to_owned(), "x".to_owned())].into();
            unheeded(&Start { environment, ..Start::default() })
        };

        assert_eq!(told("TASK_GRAPH_NOW"), None);
        assert_eq!(told("HOME"), None);
        assert_eq!(
            told("TASK_GRAPH_DURABILTY").unwrap(),
            "the variable `TASK_GRAPH_DURABILTY` is not heeded: did you mean `TASK_GRAPH_DURABILITY`?"
        );
        assert_eq!(
            told("TASK_GRAPH_MEDIA_DIR").unwrap(),
            "the variable `TASK_GRAPH_MEDIA_DIR` is not heeded: media lie beside the store, in `<store>-media`"
        );
    }
}
