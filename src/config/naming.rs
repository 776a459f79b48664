//! The names that the program generates.

use serde::{Deserialize, Serialize};

/// The form of generated names of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    pub words: u8,
    pub case: Case,
}

/// How words are joined to one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    Kebab,
    Snake,
    Camel,
    Pascal,
    Lower,
    Upper,
}

impl Case {
    /// Returns the words, given in lower case, as one name.
    pub fn join<'w>(self, words: impl Iterator<Item = &'w str>) -> String {
        let written = words.enumerate().map(|(at, word)| match self {
            Self::Pascal => capitalised(word),
            Self::Camel if at > 0 => capitalised(word),
            Self::Upper => word.to_uppercase(),
            Self::Kebab | Self::Snake | Self::Camel | Self::Lower => word.to_owned(),
        });
        let between = match self {
            Self::Kebab => "-",
            Self::Snake | Self::Upper => "_",
            Self::Camel | Self::Pascal | Self::Lower => "",
        };
        written.collect::<Vec<_>>().join(between)
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_as_the_project_wants_them() {
        for (case, name) in [
            (Case::Kebab, "quick-brown-fox"),
            (Case::Snake, "quick_brown_fox"),
            (Case::Camel, "quickBrownFox"),
            (Case::Pascal, "QuickBrownFox"),
            (Case::Lower, "quickbrownfox"),
            (Case::Upper, "QUICK_BROWN_FOX"),
        ] {
            assert_eq!(case.join(["quick", "brown", "fox"].into_iter()), name);
        }
    }
}
