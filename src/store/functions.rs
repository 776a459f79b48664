//! Linear replacements for functions of SQLite that may take quadratic time.
//!
//! They replace SQLite's own on the connection of a caller's query. SQLite checks the time only between its steps,
//! and a function is one step: `instr` on two texts of a megabyte took minutes.

use std::borrow::Cow;

use rusqlite::Connection;
use rusqlite::ffi;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

/// The longest pattern of `like` and `glob`, in bytes.
const LONGEST_PATTERN: usize = 500;

/// Registers the functions on a connection whose values have at most `longest` bytes.
pub fn make_linear(conn: &Connection, longest: usize) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("instr", 2, flags, |call| Ok(instr(call.get_raw(0), call.get_raw(1))))?;
    conn.create_scalar_function("replace", 3, flags, move |call| replace(call, longest))?;
    conn.create_scalar_function("glob", 2, flags, |call| matches(call, |text| Ok(Pattern::glob(text))))?;
    conn.create_scalar_function("like", 2, flags, |call| {
        matches(call, |text| Ok(Pattern::like(text, None)))
    })?;
    conn.create_scalar_function("like", 3, flags, |call| {
        let Some(escape) = text(call.get_raw(2)) else {
            return Ok(None);
        };
        let mut characters = escape.chars();
        let (Some(escape), None) = (characters.next(), characters.next()) else {
            return Err(fault("ESCAPE expression must be a single character"));
        };
        matches(call, |text| Ok(Pattern::like(text, Some(escape))))
    })
}

/// Returns the position of a text in another, from 1, or of bytes in bytes; 0 if there is none.
fn instr(whole: ValueRef<'_>, part: ValueRef<'_>) -> Option<i64> {
    let place =
        |whole: &str, part: &str| whole.find(part).map_or(0, |at| whole[..at].chars().count() as i64 + 1);
    if let (ValueRef::Blob(whole), ValueRef::Blob(part)) = (whole, part) {
        // Text search is linear, so each byte becomes a character.
        let [whole, part] = [whole, part].map(|bytes| bytes.iter().map(|byte| char::from(*byte)).collect());
        let (whole, part): (String, String) = (whole, part);
        return Some(place(&whole, &part));
    }
    Some(place(&text(whole)?, &text(part)?))
}

fn replace(call: &Context<'_>, longest: usize) -> rusqlite::Result<Value> {
    let [whole, old, new] = [0, 1, 2].map(|at| text(call.get_raw(at)));
    let (Some(whole), Some(old), Some(new)) = (whole, old, new) else {
        return Ok(Value::Null);
    };
    // SQLite ends a text at a NUL here.
    if old.is_empty() || old.starts_with('\0') {
        return Ok(Value::Text(whole.into_owned()));
    }
    let places = whole.matches(&*old).count();
    // Otherwise a million small replacements would be made before the result is found to be too large.
    if places.saturating_mul(new.len()) + (whole.len() - places * old.len()) > longest {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), None));
    }
    Ok(Value::Text(whole.replace(&*old, &new)))
}

/// Matches the second argument against the pattern in the first.
fn matches(
    call: &Context<'_>,
    read: impl FnOnce(&str) -> rusqlite::Result<Pattern>,
) -> rusqlite::Result<Option<bool>> {
    let (Some(pattern), Some(whole)) = (text(call.get_raw(0)), text(call.get_raw(1))) else {
        return Ok(None);
    };
    if pattern.len() > LONGEST_PATTERN {
        return Err(fault("LIKE or GLOB pattern too complex"));
    }
    let pattern = call.get_or_create_aux(0, |_| read(until_nul(&pattern)))?;
    Ok(Some(pattern.fits(until_nul(&whole))))
}

fn fault(what: &str) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(what.into())
}

/// Returns the part of a text that SQLite's own functions see.
fn until_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// Returns a value converted to a text, as SQLite does it.
fn text(value: ValueRef<'_>) -> Option<Cow<'_, str>> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string().into()),
        ValueRef::Real(number) => Some(real(number).into()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
    }
}

/// Returns a number with the fewest digits that identify it, at least one of them after the point.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf".into() } else { "-Inf".into() };
    }
    let pointed = |text: &str| if text.contains('.') { text.to_owned() } else { format!("{text}.0") };
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..17).contains(&exponent) {
        return pointed(&number.to_string());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", pointed(digits), exponent.abs())
}

/// A pattern of `like` or `glob`, as an automaton that is at several positions at once.
///
/// A character advances all positions together, 64 in one operation, so that a text is read once for any pattern.
struct Pattern {
    elements: Vec<Element>,
    /// The positions that stay for every character: those before `%` or `*`.
    stays: Vec<u64>,
    /// The positions that each character of ASCII advances.
    ascii: Vec<Vec<u64>>,
    /// The positions that any character advances.
    any: Vec<u64>,
}

#[derive(Clone, Debug)]
enum Element {
    Any,
    /// Matches nothing: the pattern is incomplete here.
    Never,
    One {
        character: char,
        ignores_case: bool,
    },
    Set {
        is_inverted: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Element {
    fn fits(&self, given: char) -> bool {
        match self {
            Self::Any => true,
            Self::Never => false,
            Self::One { character, ignores_case: false } => *character == given,
            Self::One { character, ignores_case: true } => character.eq_ignore_ascii_case(&given),
            Self::Set { is_inverted, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&given)) != *is_inverted
            }
        }
    }
}

impl Pattern {
    fn like(pattern: &str, escape: Option<char>) -> Self {
        let (mut elements, mut stars) = (Vec::new(), Vec::new());
        let one = |character| Element::One { character, ignores_case: true };
        let mut rest = pattern.chars();
        while let Some(character) = rest.next() {
            match character {
                escaping if Some(escaping) == escape => {
                    elements.push(rest.next().map_or(Element::Never, one));
                }
                '%' => stars.push(elements.len()),
                '_' => elements.push(Element::Any),
                character => elements.push(one(character)),
            }
        }
        Self::of(elements, &stars)
    }

    fn glob(pattern: &str) -> Self {
        let (mut elements, mut stars) = (Vec::new(), Vec::new());
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '*' => stars.push(elements.len()),
                '?' => elements.push(Element::Any),
                '[' => elements.push(set(&mut rest)),
                character => elements.push(Element::One { character, ignores_case: false }),
            }
        }
        Self::of(elements, &stars)
    }

    fn of(elements: Vec<Element>, stars: &[usize]) -> Self {
        let words = elements.len() / 64 + 1;
        let places = |fits: &dyn Fn(usize) -> bool| {
            let mut bits = vec![0; words];
            for at in (0..=elements.len()).filter(|at| fits(*at)) {
                bits[at / 64] |= 1_u64 << (at % 64);
            }
            bits
        };
        let stays = places(&|at| stars.contains(&at));
        let any = places(&|at| matches!(elements.get(at), Some(Element::Any)));
        let moved_by = |character: u8| {
            places(&|at| elements.get(at).is_some_and(|element| element.fits(char::from(character))))
        };
        let ascii = (0..128).map(moved_by).collect();
        Self { elements, stays, ascii, any }
    }

    /// Returns the positions that a character advances.
    fn moved_by(&self, character: char) -> Cow<'_, [u64]> {
        if let Some(moved) = self.ascii.get(character as usize) {
            return Cow::Borrowed(moved);
        }
        let mut moved = self.any.clone();
        for (at, element) in self.elements.iter().enumerate() {
            if !matches!(element, Element::Any) && element.fits(character) {
                moved[at / 64] |= 1 << (at % 64);
            }
        }
        Cow::Owned(moved)
    }

    fn fits(&self, text: &str) -> bool {
        let end = |places: &[u64]| places[self.elements.len() / 64] >> (self.elements.len() % 64) & 1 == 1;
        let mut places = vec![0_u64; self.stays.len()];
        places[0] = 1;
        for character in text.chars() {
            let moved = self.moved_by(character);
            let (mut carry, mut left) = (0, 0);
            for (at, place) in places.iter_mut().enumerate() {
                let on = *place & moved[at];
                *place = on << 1 | carry | *place & self.stays[at];
                carry = on >> 63;
                left |= *place;
            }
            if left == 0 {
                return false;
            }
            if end(&places) && end(&self.stays) {
                return true;
            }
        }
        end(&places)
    }
}

/// Reads a set of characters after its `[`.
fn set(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Element {
    let is_inverted = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    if let Some(bracket) = rest.next_if_eq(&']') {
        ranges.push((bracket, bracket));
    }
    let mut before = None;
    while let Some(character) = rest.next() {
        if character == ']' {
            return Element::Set { is_inverted, ranges };
        }
        let opens_range = character == '-' && rest.peek().is_some_and(|next| *next != ']');
        if let Some(first) = before.filter(|_| opens_range)
            && let Some(last) = rest.next()
        {
            ranges.push((first, last));
            before = None;
            continue;
        }
        ranges.push((character, character));
        before = Some(character);
    }
    Element::Never
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answers(sql: &str, arguments: &[Value]) -> [Result<Value, String>; 2] {
        let own = Connection::open_in_memory().unwrap();
        let linear = Connection::open_in_memory().unwrap();
        make_linear(&linear, 1_000_000).unwrap();
        [own, linear].map(|conn| {
            let answer = conn.query_row(sql, rusqlite::params_from_iter(arguments), |row| row.get(0));
            answer.map_err(|error| error.to_string())
        })
    }

    #[test]
    fn values_of_every_type_are_answered_as_by_sqlite() {
        let values = "(values (null), (0), (-12), (1.0), (0.1 + 0.2), (1e20), (1.5e-7), (123456789012345.0), (1e15),
            (9e999), ('a'), (''), ('é'), ('a' || char(0) || 'b'), (x''), (x'61c3a9'), (x'00'), ('1.0'), ('%'), ('[')) ";
        for call in ["instr(x, y)", "x like y", "x glob y", "replace(x, y, '-')", "x like y escape '1'"] {
            let sql = format!(
                "with a (x) as {values}, b (y) as {values}
                select group_concat(coalesce(quote({call}), 'null'), ' ') from a, b"
            );

            let [own, linear] = answers(&sql, &[]);

            assert_eq!(own, linear, "{call}");
        }
    }

    #[test]
    fn a_text_too_large_is_refused_before_it_is_made() {
        let whole = Value::Text("a".repeat(1_000_000));

        let [own, linear] = answers("select length(replace(?1, 'a', ?1))", &[whole]);

        assert_eq!(linear.unwrap_err(), "string or blob too big");
        assert!(own.is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn patterns_fit_as_by_sqlite(pattern in r"[aAbé%_*?\[\]^\-!]{0,9}", text in r"[aAbBéÉ%_\[\]^\-!]{0,9}") {
            let arguments = [pattern, text].map(Value::Text);
            for sql in ["select ?2 like ?1", "select ?2 like ?1 escape '!'", "select ?2 like ?1 escape '%'",
                "select ?2 like ?1 escape '_'", "select ?2 glob ?1"] {
                let [own, linear] = answers(sql, &arguments);
                prop_assert_eq!(own, linear, "{}", sql);
            }
        }

        #[test]
        fn long_patterns_fit_as_by_sqlite(part in "[ab_]{40,90}", text in "[ab]{60,300}") {
            let arguments = [format!("%{part}%"), text].map(Value::Text);
            let [own, linear] = answers("select ?2 like ?1", &arguments);
            prop_assert_eq!(own, linear);
        }

        #[test]
        fn texts_are_found_and_replaced_as_by_sqlite(whole in "[abé]{0,12}", part in "[abé]{0,3}", new in "[xé]{0,3}") {
            let arguments = [whole, part, new].map(Value::Text);
            for sql in ["select instr(?1, ?2) + 0 * length(?3)", "select replace(?1, ?2, ?3)",
                "select instr(cast(?1 as blob), cast(?2 as blob)) + 0 * length(?3)"] {
                let [own, linear] = answers(sql, &arguments);
                prop_assert_eq!(own, linear, "{}", sql);
            }
        }
    }
}
