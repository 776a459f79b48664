//! Part of an attachment, in a size that fits an answer.

/// A text or bytes, from an offset on.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<T> {
    pub content: T,
    /// The offset of the first whole character.
    pub offset: usize,
    /// The offset of the rest.
    pub end: usize,
}

/// Returns the whole characters in `bytes`, which were read from `offset` on.
///
/// `most` limits their size as JSON, where a line break takes two bytes and a control character six. At
/// least one character is returned if there is one.
pub fn text(bytes: &[u8], offset: usize, most: usize) -> Part<String> {
    let continues = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let begins = bytes.iter().take(3).take_while(|byte| continues(byte)).count();
    let whole = match std::str::from_utf8(&bytes[begins..]) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[begins..begins + error.valid_up_to()]).unwrap_or_default(),
    };
    let mut taken = 0;
    let fits = |(at, c): &(usize, char)| {
        taken += as_json(*c);
        taken <= most || *at == 0
    };
    let content: String = whole.char_indices().take_while(fits).map(|(_, c)| c).collect();
    let offset = offset + begins;
    Part { end: offset + content.len(), offset, content }
}

fn as_json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_put_together_are_the_whole(whole in "\\PC{0,40}[\n\"\u{1}é€🦀]{0,20}", limit in 4usize..40, most in 1usize..30) {
            let mut at = 0;
            let mut read = String::new();
            while at < whole.len() {
                let window = &whole.as_bytes()[at..whole.len().min(at + limit)];

                let part = text(window, at, most);

                prop_assert_eq!(part.offset, at);
                prop_assert!(part.end > at);
                read += &part.content;
                at = part.end;
            }
            prop_assert_eq!(read, whole);
        }
    }

    #[test]
    fn a_part_begins_with_a_whole_character() {
        let whole = "é€";

        let part = text(&whole.as_bytes()[1..], 1, 100);

        assert_eq!(part, Part { content: "€".to_owned(), offset: 2, end: 5 });
    }

    #[test]
    fn what_takes_more_room_as_json_is_cut_earlier() {
        let part = text(b"\n\n\n\n", 0, 5);

        assert_eq!(part.content, "\n\n");
    }
}
