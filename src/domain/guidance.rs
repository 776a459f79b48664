//! The texts that a workflow gives its workers, and the placeholders in them.

use indexmap::IndexMap;

use super::{Advice, Occasion, Phase, Status};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guidance {
    pub texts: IndexMap<Cue, String>,
    /// Texts of each role, by subject: `claiming`, `completing`.
    pub roles: IndexMap<String, IndexMap<String, String>>,
    /// Texts that are given on request, by topic.
    pub advice: IndexMap<String, Advice>,
}

/// When a text is given: on entering or leaving a state, a phase, or a phase within a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cue {
    pub turn: Turn,
    pub status: Option<Status>,
    pub phase: Option<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    Enter,
    Leave,
}

/// The state and the phase of a task.
pub type Place<'a> = (&'a Status, Option<&'a Phase>);

impl std::fmt::Display for Cue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.turn == Turn::Enter { "enter " } else { "leave " })?;
        match (&self.status, &self.phase) {
            (Some(status), Some(phase)) => write!(f, "{status}+{phase}"),
            (Some(status), None) => write!(f, "{status}"),
            (None, Some(phase)) => write!(f, "phase {phase}"),
            (None, None) => f.write_str("anything"),
        }
    }
}

impl Guidance {
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.roles.is_empty() && self.advice.is_empty()
    }

    /// Returns the topics that have advice for an occasion.
    pub fn advised<'a>(&'a self, occasion: &Occasion<'_>) -> impl Iterator<Item = &'a str> {
        let concerned = self.advice.iter().filter(|(_, advice)| advice.concerns(occasion));
        concerned.map(|(topic, _)| topic.as_str())
    }

    /// Returns all texts.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let of_roles = self.roles.values().flat_map(IndexMap::values);
        let texts = self.texts.values().chain(of_roles);
        texts.chain(self.advice.values().map(|advice| &advice.text)).map(String::as_str)
    }

    /// Returns the texts for a step in reading order: leaving first, then entering.
    pub fn of_step(&self, from: Option<Place<'_>>, to: Place<'_>) -> Vec<(&Cue, &str)> {
        let old_status = from.map(|(status, _)| status);
        let old_phase = from.and_then(|(_, phase)| phase);
        let (status, phase) = (to.0, to.1);
        let (moves, turns) = (old_status != Some(status), old_phase != phase);
        let mut cues = Vec::new();
        if moves || turns {
            cues.push(Cue::leaving(old_status.filter(|_| old_phase.is_some()), old_phase));
        }
        if turns {
            cues.push(Cue::leaving(None, old_phase));
        }
        if moves {
            cues.push(Cue::leaving(old_status, None));
            cues.push(Cue::entering(Some(status), None));
        }
        if turns {
            cues.push(Cue::entering(None, phase));
        }
        if moves || turns {
            cues.push(Cue::entering(Some(status).filter(|_| phase.is_some()), phase));
        }
        cues.iter()
            .filter_map(|cue| self.texts.get_key_value(cue))
            .map(|(cue, text)| (cue, text.as_str()))
            .collect()
    }

    /// Returns the texts about a state or a phase.
    pub fn about<'a>(
        &'a self,
        status: Option<&'a Status>,
        phase: Option<&'a Phase>,
    ) -> impl Iterator<Item = (&'a Cue, &'a str)> {
        let fits = move |cue: &Cue| {
            let on = |own: bool, same: bool| !own || same;
            let state = on(cue.status.is_some(), status.is_some() && cue.status.as_ref() == status);
            let turn = on(cue.phase.is_some(), phase.is_some() && cue.phase.as_ref() == phase);
            state && turn
        };
        self.texts.iter().filter(move |(cue, _)| fits(cue)).map(|(cue, text)| (cue, text.as_str()))
    }

    /// Adds the texts of an overlay, each on a line of its own below the existing text.
    pub fn add(&mut self, other: &Self) {
        for (cue, text) in &other.texts {
            append(self.texts.entry(cue.clone()).or_default(), text);
        }
        for (role, texts) in &other.roles {
            let own = self.roles.entry(role.clone()).or_default();
            for (subject, text) in texts {
                append(own.entry(subject.clone()).or_default(), text);
            }
        }
        for (topic, advice) in &other.advice {
            match self.advice.get_mut(topic) {
                Some(own) => append(&mut own.text, &advice.text),
                None => drop(self.advice.insert(topic.clone(), advice.clone())),
            }
        }
    }
}

fn append(own: &mut String, text: &str) {
    if !own.is_empty() {
        own.push('\n');
    }
    own.push_str(text);
}

impl Cue {
    pub fn entering(status: Option<&Status>, phase: Option<&Phase>) -> Self {
        Self { turn: Turn::Enter, status: status.cloned(), phase: phase.cloned() }
    }

    pub fn leaving(status: Option<&Status>, phase: Option<&Phase>) -> Self {
        Self { turn: Turn::Leave, status: status.cloned(), phase: phase.cloned() }
    }
}

/// The placeholders that a text may have, such as `{{task_id}}`.
pub const BLANKS: [&str; 14] = [
    "current_status",
    "valid_exits",
    "current_phase",
    "valid_phases",
    "task_id",
    "task_title",
    "task_priority",
    "task_tags",
    "task_level",
    "child_count",
    "worker_id",
    "agent_id",
    "agent_role",
    "agent_tags",
];

/// Fills the placeholders of a text in one pass; inserted values are not scanned again.
pub fn filled(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = first_blank(rest) {
        whole.push_str(before);
        whole.push_str(&value(name));
        rest = after;
    }
    whole + rest
}

/// Returns the first placeholder of a text that is not in [`BLANKS`].
pub fn unknown_blank(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some((_, name, after)) = first_blank(rest) {
        if !BLANKS.contains(&name) {
            return Some(name);
        }
        rest = after;
    }
    None
}

fn first_blank(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name<T: std::str::FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }

    #[test]
    fn blanks_are_filled_once() {
        let value = |name: &str| format!("<{name} {{{{task_id}}}}>");

        assert_eq!(
            filled("a {{ task_title }} b {{x}} {y} {{", value),
            "a <task_title {{task_id}}> b <x {{task_id}}> {y} {{"
        );
        assert_eq!(unknown_blank("{{task_id}} {{colour}}"), Some("colour"));
        assert_eq!(unknown_blank("{{task_id}} {colour}"), None);
    }

    #[test]
    fn a_step_is_told_what_it_leaves_and_what_it_enters() {
        let cue = |turn, status: &str, phase: &str| Cue { turn, status: name(status), phase: name(phase) };
        let all = [
            cue(Turn::Enter, "done", "plan"),
            cue(Turn::Enter, "done", ""),
            cue(Turn::Enter, "", "plan"),
            cue(Turn::Leave, "work", ""),
            cue(Turn::Leave, "", "test"),
            cue(Turn::Leave, "work", "test"),
        ];
        let texts = all.into_iter().map(|cue| (cue.clone(), cue.to_string())).collect();
        let guidance = Guidance { texts, ..Guidance::default() };
        let [work, done]: [Status; 2] = ["work", "done"].map(|text| text.parse().unwrap());
        let [plan, test]: [Phase; 2] = ["plan", "test"].map(|text| text.parse().unwrap());
        let told = |from, to| -> Vec<String> {
            guidance.of_step(from, to).into_iter().map(|(_, text)| text.to_owned()).collect()
        };

        assert_eq!(
            told(Some((&work, Some(&test))), (&done, Some(&plan))),
            [
                "leave work+test",
                "leave phase test",
                "leave work",
                "enter done",
                "enter phase plan",
                "enter done+plan"
            ]
        );
        assert_eq!(told(Some((&work, None)), (&done, None)), ["leave work", "enter done"]);
        assert_eq!(told(Some((&work, None)), (&work, None)), [""; 0]);
        assert_eq!(told(None, (&done, Some(&plan))), ["enter done", "enter phase plan", "enter done+plan"]);
    }
}
