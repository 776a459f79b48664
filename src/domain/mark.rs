//! Marks on files, and whether two of them can be about the same file.
//!
//! A path may be a pattern: `*` and `?` match within a part of it, `**` matches any number of
//! parts, or none. Square brackets are ordinary characters, since many projects have them in file
//! names.

use super::{MarkPath, TaskId, Timestamp, WorkerId};

/// The beginning of exclusive names.
pub const LOCK: &str = "lock:";

/// A worker's note that it is at work on files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub file: MarkPath,
    pub worker: WorkerId,
    /// The mark ends when work on this task ends.
    pub task: Option<TaskId>,
    pub reason: Option<String>,
    pub since: Timestamp,
}

impl Mark {
    /// Returns true if this mark keeps `worker` from marking `file`.
    pub fn is_in_the_way_of(&self, file: &MarkPath, worker: &WorkerId) -> bool {
        self.worker != *worker && self.file.overlaps(file)
    }
}

impl MarkPath {
    /// Returns true if this is an exclusive name, not a path.
    pub fn is_lock(&self) -> bool {
        self.as_str().starts_with(LOCK)
    }

    /// Returns true if this is a pattern, which can match several files.
    pub fn is_pattern(&self) -> bool {
        !self.is_lock() && is_wild(self.as_str())
    }

    /// Returns the folder that all matches of a pattern are in (empty: any folder), or else the path itself.
    pub fn stem(&self) -> &str {
        let text = self.as_str();
        if !self.is_pattern() {
            return text;
        }
        let mut end = 0;
        for part in text.split('/').take_while(|part| !is_wild(part)) {
            end += part.len() + 1;
        }
        &text[..end.saturating_sub(1)]
    }

    /// Returns the stem and the folders around it, the innermost first; the last one is empty.
    pub fn stems(&self) -> Vec<&str> {
        let stem = self.stem();
        let ends = stem.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at);
        let mut stems: Vec<&str> = ends.map(|end| &stem[..end]).chain([stem]).rev().collect();
        if stems.last().is_some_and(|last| !last.is_empty()) {
            stems.push("");
        }
        stems
    }

    /// Returns true if a file can match both.
    pub fn overlaps(&self, other: &Self) -> bool {
        if !self.is_pattern() && !other.is_pattern() {
            return self == other;
        }
        let (a, b) = (self.parts(), other.parts());
        anchor(&a) == anchor(&b) && meet(&a, &b, |part| *part == "**", |a, b| parts_meet(a, b))
    }

    fn parts(&self) -> Vec<&str> {
        self.as_str().split('/').collect()
    }
}

/// Returns true if a path, or a part of one, has wildcards.
pub fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Returns the anchor of a path: a root, a drive or an exclusive name; none within the project.
fn anchor<'a>(parts: &[&'a str]) -> Option<&'a str> {
    let first = parts.first().copied().unwrap_or_default();
    let is_drive = first.len() == 2 && first.ends_with(':');
    let within = !first.is_empty() && !is_drive && !first.starts_with(LOCK);
    (!within).then_some(first)
}

fn parts_meet(a: &str, b: &str) -> bool {
    if !is_wild(a) && !is_wild(b) {
        return a == b;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    meet(&a, &b, |c| *c == '*', |a, b| a == b || *a == '?' || *b == '?')
}

/// Returns true if two sequences can match the same thing, where some members match any number of others.
///
/// Fills a table with the pairs of positions that can be reached together. Backtracking
/// would take too long for patterns full of stars.
fn meet<T>(a: &[T], b: &[T], is_any: impl Fn(&T) -> bool, is_alike: impl Fn(&T, &T) -> bool) -> bool {
    let mut reached = vec![vec![false; b.len() + 1]; a.len() + 1];
    reached[0][0] = true;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if !reached[i][j] {
                continue;
            }
            let (one, other) = (a.get(i), b.get(j));
            let (any, other_any) = (one.is_some_and(&is_any), other.is_some_and(&is_any));
            if one.is_some() && (any || other_any) {
                reached[i + 1][j] = true;
            }
            if other.is_some() && (any || other_any) {
                reached[i][j + 1] = true;
            }
            if one.zip(other).is_some_and(|(one, other)| !any && !other_any && is_alike(one, other)) {
                reached[i + 1][j + 1] = true;
            }
        }
    }
    reached[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> MarkPath {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_about_the_same_file_overlaps() {
        for (a, b, expected) in [
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/b.rs", false),
            ("src/**", "src/db/a.rs", true),
            ("src/**", "src", true),
            ("src/**", "srcs/a", false),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/db/a.rs", false),
            ("src/*.rs", "src/*.toml", false),
            ("src/a*", "src/*b", true),
            ("src/**/x", "**/db/*", true),
            ("**/*.rs", "src/db/a.rs", true),
            ("?.rs", "ab.rs", false),
            ("app/[id]/*", "app/[id]/page.tsx", true),
            ("app/[id].tsx", "app/i.tsx", false),
            ("**", "/etc/hosts", false),
            ("**", "C:/x", false),
            ("/**", "/etc/hosts", true),
            ("/**", "C:/x", false),
            ("**", "lock:build", false),
            ("lock:build", "lock:build", true),
            ("lock:*", "lock:build", false),
        ] {
            assert_eq!(path(a).overlaps(&path(b)), expected, "{a} {b}");
            assert_eq!(path(b).overlaps(&path(a)), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_stem_is_what_comes_before_the_first_wildcard() {
        for (text, stems) in [
            ("src/db/**", vec!["src/db", "src", ""]),
            ("src/*b/c", vec!["src", ""]),
            ("**/*.rs", vec![""]),
            ("a/b.rs", vec!["a/b.rs", "a", ""]),
            ("/etc/*", vec!["/etc", ""]),
            ("/*", vec![""]),
            ("C:/x/*", vec!["C:/x", "C:", ""]),
        ] {
            assert_eq!(path(text).stems(), stems, "{text}");
        }
    }

    #[test]
    fn patterns_full_of_stars_are_compared_at_once() {
        let (a, b) = (path(&"**/a/".repeat(100)[..499]), path(&"*a*/**/".repeat(60)[..419]));

        assert!(a.overlaps(&b));
    }

    /// Returns true if a pattern matches a path, by trying all possibilities.
    fn fits(pattern: &[&str], path: &[&str]) -> bool {
        match pattern.split_first() {
            None => path.is_empty(),
            Some((&"**", rest)) => (0..=path.len()).any(|n| fits(rest, &path[n..])),
            Some((first, rest)) => path
                .split_first()
                .is_some_and(|(part, path)| part_fits(first.as_bytes(), part.as_bytes()) && fits(rest, path)),
        }
    }

    fn part_fits(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|n| part_fits(rest, &text[n..])),
            Some((c, rest)) => text
                .split_first()
                .is_some_and(|(first, text)| (*c == b'?' || c == first) && part_fits(rest, text)),
        }
    }

    /// Every path of up to four parts of up to two letters.
    fn paths() -> Vec<Vec<&'static str>> {
        const PARTS: [&str; 6] = ["a", "b", "aa", "ab", "ba", "bb"];
        let mut all: Vec<Vec<&str>> = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..4 {
            let to = all.len();
            let longer = all[from..to]
                .iter()
                .flat_map(|path| PARTS.iter().map(|part| path.iter().copied().chain([*part]).collect()));
            let longer: Vec<Vec<&str>> = longer.collect();
            from = to;
            all.extend(longer);
        }
        all
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = prop_oneof![3 => "[ab*?]{1,2}", 1 => Just("**".to_owned())];
        prop::collection::vec(part, 1..=3).prop_map(|parts| parts.join("/"))
    }

    proptest! {
        /// Patterns as short as these overlap only if a path as short as these matches both.
        #[test]
        fn patterns_overlap_exactly_if_some_path_is_in_both(a in pattern(), b in pattern()) {
            let (one, other) = (path(&a), path(&b));
            let (x, y) = (one.parts(), other.parts());

            let common = paths().into_iter().find(|path| fits(&x, path) && fits(&y, path));

            prop_assert_eq!(one.overlaps(&other), common.is_some(), "{} {} {:?}", a, b, common);
        }

        /// The overlaps of a pattern are where the store looks for them: at or under its
        /// stem, or at a stem around it.
        #[test]
        fn what_overlaps_is_found_by_its_stem(a in pattern(), b in pattern()) {
            let (one, other) = (path(&a), path(&b));
            if one.overlaps(&other) {
                let under = |inner: &MarkPath, outer: &MarkPath| inner.stems().contains(&outer.stem());
                prop_assert!(under(&one, &other) || under(&other, &one), "{} {}", a, b);
            }
        }
    }
}
