//! Sections and pages of a Markdown text, in sizes that fit an answer.

/// The headings of a text, each with its depth and the start of its section.
pub struct Headings<'t> {
    text: &'t str,
    found: Vec<Heading<'t>>,
}

struct Heading<'t> {
    name: &'t str,
    depth: usize,
    start: usize,
}

impl<'t> Headings<'t> {
    /// Finds the headings, except in code blocks.
    pub fn of(text: &'t str) -> Self {
        let mut found = Vec::new();
        let (mut start, mut is_code) = (0, false);
        for line in text.split_inclusive('\n') {
            is_code ^= line.trim_start().starts_with("```");
            let depth = line.bytes().take_while(|byte| *byte == b'#').count();
            if let Some(name) = line[depth..].strip_prefix(' ')
                && (1..=6).contains(&depth)
                && !is_code
            {
                found.push(Heading { name: name.trim(), depth, start });
            }
            start += line.len();
        }
        Self { text, found }
    }

    /// Returns the names of the headings, as many as fit an answer.
    pub fn names(&self) -> Vec<String> {
        const NAMED: usize = 12;
        const LONGEST: usize = 30;
        self.found.iter().take(NAMED).map(|heading| beginning(heading.name, LONGEST)).collect()
    }

    /// Returns the section of a heading, up to the next heading that is no deeper.
    pub fn section(&self, name: &str) -> Option<&'t str> {
        let name = name.trim_start_matches('#').trim().trim_end_matches('…').to_lowercase();
        let lower = |heading: &Heading<'_>| heading.name.to_lowercase();
        let exact = self.found.iter().position(|heading| lower(heading) == name);
        let begun = || self.found.iter().position(|heading| lower(heading).starts_with(&name));
        let at = exact.or_else(begun).filter(|_| !name.is_empty())?;
        let Heading { depth, start, .. } = self.found[at];
        let next = self.found[at + 1..].iter().find(|heading| heading.depth <= depth);
        Some(&self.text[start..next.map_or(self.text.len(), |heading| heading.start)])
    }
}

/// Returns the page of a text from `offset` on, and the offset of the next page. It takes at most `limit`
/// bytes in an answer, and ends with a line if possible.
pub fn page(text: &str, offset: usize, limit: usize) -> (&str, Option<usize>) {
    let start = (offset.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at));
    let rest = &text[start.unwrap_or(text.len())..];
    let mut room = limit;
    let fits = |(_, c): &(usize, char)| {
        let left = room.checked_sub(bytes_of(*c));
        room = left.unwrap_or(0);
        left.is_some()
    };
    let fitting = rest.char_indices().take_while(fits).last();
    let end =
        fitting.map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), |(at, c)| at + c.len_utf8());
    if end == rest.len() {
        return (rest, None);
    }
    let end = rest[..end].rfind('\n').map_or(end, |newline| newline + 1);
    (&rest[..end], Some(text.len() - rest.len() + end))
}

/// Returns the text if it takes at most `limit` bytes in an answer, else its beginning with an ellipsis.
pub fn beginning(text: &str, limit: usize) -> String {
    match page(text, 0, limit) {
        (whole, None) => whole.to_owned(),
        (start, Some(_)) => format!("{}…", start.trim_end()),
    }
}

/// Returns how many bytes a character takes in JSON.
fn bytes_of(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c.is_control() && c.is_ascii() => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# One\na\n## Two\nb\n```sh\n# no heading\n```\n### Deep\nc\n## Three and more\nd\n";

    #[test]
    fn a_section_goes_to_the_next_heading_that_is_no_deeper() {
        let headings = Headings::of(TEXT);

        assert_eq!(headings.names(), ["One", "Two", "Deep", "Three and more"]);
        assert_eq!(headings.section("two"), Some("## Two\nb\n```sh\n# no heading\n```\n### Deep\nc\n"));
        assert_eq!(headings.section("## Deep"), Some("### Deep\nc\n"));
        assert_eq!(headings.section("Three"), Some("## Three and more\nd\n"));
        assert_eq!(headings.section("ONE"), Some(TEXT));
        for unknown in ["four", "", "no heading"] {
            assert_eq!(headings.section(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn pages_put_together_are_the_text() {
        let texts = [TEXT.to_owned(), "ä\"\u{1}\n".repeat(100), "x".repeat(100), String::new()];
        for text in &texts {
            for limit in [1, 7, 30, 1_000] {
                let (mut whole, mut next) = (String::new(), Some(0));
                while let Some(offset) = next {
                    let (piece, after) = page(text, offset, limit);
                    let size = serde_json::to_string(piece).unwrap().len() - 2;
                    assert!(size <= limit.max(6), "{piece:?}");
                    whole += piece;
                    next = after;
                }
                assert_eq!(&whole, text);
            }
        }
    }

    #[test]
    fn an_offset_inside_a_character_or_behind_the_end_is_no_mistake() {
        assert_eq!(page("ä\nb", 1, 10), ("\nb", None));
        assert_eq!(page("ab", 7, 10), ("", None));
    }
}
