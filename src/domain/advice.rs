//! Advice: the texts that a workflow offers on a topic, each for some tasks and workers only.

use std::collections::BTreeSet;

use super::{Phase, Tag};

/// A text on a topic. It applies if each list that is not empty has a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    pub text: String,
    /// Levels of the task: its tags `level:…`.
    pub levels: Vec<String>,
    pub phases: Vec<Phase>,
    /// Roles of the worker, which follow from its tags.
    pub roles: Vec<String>,
    /// Domains of the task: its tags `domain:…`.
    pub domains: Vec<String>,
}

/// The role, phase and tags for which advice is looked up.
pub struct Occasion<'a> {
    pub role: Option<&'a str>,
    pub phase: Option<&'a Phase>,
    pub tags: &'a BTreeSet<Tag>,
}

impl Advice {
    pub fn concerns(&self, occasion: &Occasion<'_>) -> bool {
        let Self { text: _, levels, phases, roles, domains } = self;
        let is_tagged = |kind: &str, names: &[String]| {
            let mut of_kind = occasion.tags.iter().filter_map(|tag| tag.as_str().strip_prefix(kind));
            names.is_empty() || of_kind.any(|name| names.iter().any(|one| one == name))
        };
        is_tagged("level:", levels)
            && is_tagged("domain:", domains)
            && (phases.is_empty() || occasion.phase.is_some_and(|phase| phases.contains(phase)))
            && (roles.is_empty() || occasion.role.is_some_and(|role| roles.iter().any(|one| one == role)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_concerns_what_all_its_lists_name() {
        let advice = |levels: &[&str], phases: &[&str], roles: &[&str], domains: &[&str]| {
            let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Advice {
                text: "x".into(),
                levels: texts(levels),
                phases: phases.iter().map(|name| name.parse().unwrap()).collect(),
                roles: texts(roles),
                domains: texts(domains),
            }
        };
        let tags = ["level:epic", "domain:api", "domain:data", "rust"].map(|tag| tag.parse().unwrap()).into();
        let phase: Phase = "plan".parse().unwrap();
        let occasion = Occasion { role: Some("lead"), phase: Some(&phase), tags: &tags };

        for (advice, concerns) in [
            (advice(&[], &[], &[], &[]), true),
            (advice(&["epic", "story"], &["plan"], &["lead"], &["data"]), true),
            (advice(&["story"], &["plan"], &["lead"], &["data"]), false),
            (advice(&["epic"], &["test"], &["lead"], &["data"]), false),
            (advice(&["epic"], &["plan"], &["worker"], &["data"]), false),
            (advice(&["epic"], &["plan"], &["lead"], &["ui"]), false),
            (advice(&["rust"], &[], &[], &[]), false),
        ] {
            assert_eq!(advice.concerns(&occasion), concerns, "{advice:?}");
        }
        let nothing = Occasion { role: None, phase: None, tags: &BTreeSet::new() };
        assert!(advice(&[], &[], &[], &[]).concerns(&nothing));
        assert!(!advice(&[], &["plan"], &[], &[]).concerns(&nothing));
        assert!(!advice(&[], &[], &["lead"], &[]).concerns(&nothing));
    }
}
