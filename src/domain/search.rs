//! A search, parsed from the text of a caller.
//!
//! Words are searched for literally, with their punctuation, and all must be found. The operators
//! of the index (`AND`, `OR`, `NOT`, `NEAR(…)`, `"a phrase"`, `begin*`, `title:word`,
//! parentheses) work too. The result is always well formed, so that no text can make the index
//! fail.

use super::is_generated;
use super::lexer::{Lexer, Token};

/// A searchable part of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Id,
    Title,
    Description,
    Thought,
    Attachment,
}

/// A parsed search.
#[derive(Clone, Debug)]
pub struct Search {
    wanted: Wanted,
    /// Whether it has words only, no operators.
    is_plain: bool,
    /// The fault that makes the text no expression. Its words are then searched for.
    pub fault: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSearch {
    #[error("`query` has no word to look for")]
    NoWord,
    #[error("`query` has more than {MOST_CHARACTERS} characters")]
    TooLong,
    #[error("`query` has more than {MOST_TERMS} words")]
    TooMany,
}

const MOST_CHARACTERS: usize = 500;
const MOST_TERMS: usize = 50;
const DEEPEST: usize = 16;

#[derive(Clone, Debug)]
enum Wanted {
    Term { column: Option<Column>, term: String },
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Except(Box<Wanted>, Box<Wanted>),
}

impl Column {
    /// Returns the part with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "id" => Some(Self::Id),
            "title" => Some(Self::Title),
            "description" => Some(Self::Description),
            "thought" => Some(Self::Thought),
            "attachment" => Some(Self::Attachment),
            _ => None,
        }
    }

    /// Returns the columns of the index for this part.
    fn set(self) -> &'static str {
        match self {
            Self::Id => "{id}",
            Self::Title => "{title}",
            Self::Description => "{description}",
            Self::Thought => "{thought}",
            Self::Attachment => "{name content}",
        }
    }
}

impl Search {
    pub fn read(text: &str) -> Result<Self, BadSearch> {
        if text.chars().count() > MOST_CHARACTERS {
            return Err(BadSearch::TooLong);
        }
        // The index takes the first NUL for the end of the text.
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let read = Lexer::tokens(&text).and_then(|tokens| {
            let is_plain = tokens.iter().all(|token| matches!(token, Token::Word(_)));
            Parser { tokens, at: 0, depth: 0 }.whole().map(|wanted| (wanted, is_plain))
        });
        let (wanted, is_plain, fault) = match read {
            Ok((wanted, is_plain)) => (wanted, is_plain, None),
            Err(fault) => (plain(&text), true, Some(fault)),
        };
        let wanted = wanted.ok_or(BadSearch::NoWord)?;
        if wanted.terms() > MOST_TERMS {
            return Err(BadSearch::TooMany);
        }
        Ok(Self { wanted, is_plain, fault })
    }

    /// Returns the expression for an index with these columns; none if nothing there can match.
    pub fn expression(&self, columns: &[Column]) -> Option<String> {
        self.wanted.expression(columns)
    }

    /// Returns the search for any of the words, if this one is for all of several.
    pub fn loosened(&self) -> Option<Self> {
        match &self.wanted {
            Wanted::All(words) if self.is_plain && words.len() > 1 => {
                Some(Self { wanted: Wanted::Any(words.clone()), is_plain: true, fault: self.fault })
            }
            _ => None,
        }
    }
}

impl Wanted {
    fn terms(&self) -> usize {
        match self {
            Self::Term { .. } => 1,
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::terms).sum(),
            Self::Except(part, other) => part.terms() + other.terms(),
        }
    }

    fn expression(&self, columns: &[Column]) -> Option<String> {
        let bracketed = |part: &Self| part.expression(columns).map(|text| format!("({text})"));
        match self {
            Self::Term { column: None, term } => Some(term.clone()),
            Self::Term { column: Some(column), term } => {
                columns.contains(column).then(|| format!("{} : {term}", column.set()))
            }
            Self::All(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(bracketed).collect();
                Some(parts?.join(" AND "))
            }
            Self::Any(parts) => {
                let parts: Vec<_> = parts.iter().filter_map(bracketed).collect();
                (!parts.is_empty()).then(|| parts.join(" OR "))
            }
            Self::Except(part, other) => match bracketed(other) {
                None => part.expression(columns),
                Some(other) => Some(format!("{} NOT {other}", bracketed(part)?)),
            },
        }
    }

    fn all(mut parts: Vec<Self>) -> Option<Self> {
        match parts.len() {
            0 | 1 => parts.pop(),
            _ => Some(Self::All(parts)),
        }
    }

    fn within(self, column: Column) -> Self {
        let all = |parts: Vec<Self>| parts.into_iter().map(|part| part.within(column)).collect();
        match self {
            Self::Term { column: inner, term } => Self::Term { column: inner.or(Some(column)), term },
            Self::All(parts) => Self::All(all(parts)),
            Self::Any(parts) => Self::Any(all(parts)),
            Self::Except(part, other) => {
                Self::Except(Box::new(part.within(column)), Box::new(other.within(column)))
            }
        }
    }
}

/// Returns the search for the words of a text, without its operators.
fn plain(text: &str) -> Option<Wanted> {
    let words = text.split(|c: char| c.is_whitespace() || c == '"');
    let words = words
        .map(|word| word.trim_matches(['(', ')']))
        .filter(|word| !matches!(*word, "AND" | "OR" | "NOT" | "NEAR"));
    Wanted::all(words.filter_map(word).collect())
}

/// Returns a word in the syntax of the index; none if it is only punctuation.
fn word(text: &str) -> Option<Wanted> {
    let (text, begins) = match text.strip_suffix('*') {
        Some(beginning) => (beginning, true),
        None => (text, false),
    };
    quoted(text).map(|phrase| if begins { format!("{phrase} *") } else { phrase }).map(term)
}

fn term(term: String) -> Wanted {
    Wanted::Term { column: None, term }
}

fn quoted(text: &str) -> Option<String> {
    // A generated id is indexed by its tail.
    let text = if is_generated(text) { &text[text.len() - 8..] } else { text };
    text.chars().any(char::is_alphanumeric).then(|| format!("\"{}\"", text.replace('"', "\"\"")))
}

/// Parses an expression. OR binds loosest, then AND, then NOT, then adjacent terms.
struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
}

/// An expression, `None` for punctuation only, or a fault.
type Parsed = Result<Option<Wanted>, &'static str>;

impl<'t> Parser<'t> {
    fn whole(mut self) -> Parsed {
        let wanted = self.any()?;
        match self.peek() {
            None => Ok(wanted),
            Some(_) => Err("an operator has nothing on one side"),
        }
    }

    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Parsed {
        let mut parts = vec![self.every()?];
        while self.takes(&Token::Or) {
            parts.push(self.every()?);
        }
        sided(parts, Wanted::Any)
    }

    fn every(&mut self) -> Parsed {
        let mut parts = vec![self.except()?];
        while self.takes(&Token::And) {
            parts.push(self.except()?);
        }
        sided(parts, Wanted::All)
    }

    fn except(&mut self) -> Parsed {
        let mut left = self.beside()?;
        while self.takes(&Token::Not) {
            let sides = (left, self.beside()?);
            let (Some(wanted), Some(unwanted)) = sides else {
                return Err("an operator has nothing on one side");
            };
            left = Some(Wanted::Except(Box::new(wanted), Box::new(unwanted)));
        }
        Ok(left)
    }

    /// Reads adjacent terms.
    fn beside(&mut self) -> Parsed {
        let mut parts = Vec::new();
        while let Some(token) = self.peek() {
            if matches!(token, Token::Or | Token::And | Token::Not | Token::Close) {
                break;
            }
            parts.extend(self.one()?);
        }
        Ok(Wanted::all(parts))
    }

    fn one(&mut self) -> Parsed {
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Word(text)) => Ok(word(text)),
            Some(Token::Phrase { text, begins }) => {
                Ok(quoted(&text).map(|phrase| term(if begins { format!("{phrase} *") } else { phrase })))
            }
            Some(Token::Near { phrases, within }) => {
                let phrases: Vec<_> = phrases.iter().filter_map(|phrase| quoted(phrase)).collect();
                let near = format!("NEAR({}, {within})", phrases.join(" "));
                Ok((!phrases.is_empty()).then(|| term(near)))
            }
            Some(Token::Column(column)) => {
                let inner = self.one()?;
                Ok(inner.map(|wanted| wanted.within(column)))
            }
            Some(Token::Open) => self.group(),
            _ => Err("nothing follows a column"),
        }
    }

    fn group(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("its parentheses are nested too deep");
        }
        let inner = self.any()?;
        if !self.takes(&Token::Close) {
            return Err("a parenthesis is not closed");
        }
        self.depth -= 1;
        Ok(inner)
    }
}

/// Joins the operands of an operator. None of them may be missing.
fn sided(mut parts: Vec<Option<Wanted>>, join: fn(Vec<Wanted>) -> Wanted) -> Parsed {
    if parts.len() == 1 {
        return Ok(parts.pop().flatten());
    }
    let parts: Option<Vec<Wanted>> = parts.into_iter().collect();
    parts.map(|parts| Some(join(parts))).ok_or("an operator has nothing on one side")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &[Column] = &[Column::Id, Column::Title, Column::Description];

    fn asked(text: &str) -> String {
        let search = Search::read(text).unwrap();
        assert_eq!(search.fault, None, "{text}");
        search.expression(TASK).unwrap_or_default()
    }

    #[test]
    fn words_are_looked_for_as_they_stand() {
        let cases = [
            ("login", r#""login""#),
            ("can't", r#""can't""#),
            ("src/db.rs", r#""src/db.rs""#),
            ("a-b", r#""a-b""#),
            ("fn main() {", r#"("fn") AND ("main()")"#),
            ("it's done :)", r#"("it's") AND ("done")"#),
            ("https://x.org/?q=1", r#""https://x.org/?q=1""#),
            ("C++ & C#", r##"("C++") AND ("C#")"##),
            ("a : b", r#"("a") AND ("b")"#),
            ("title: x", r#"("title:") AND ("x")"#),
            ("and or", r#"("and") AND ("or")"#),
            ("01997c5e-8a2b-7c3d-9e4f-a1b2c3d4e5f6", r#""c3d4e5f6""#),
            ("a\0b", r#"("a") AND ("b")"#),
        ];
        for (text, expression) in cases {
            assert_eq!(asked(text), expression, "{text}");
        }
    }

    #[test]
    fn expressions_are_understood() {
        let cases = [
            ("a AND b OR c", r#"(("a") AND ("b")) OR ("c")"#),
            ("a b NOT c", r#"(("a") AND ("b")) NOT ("c")"#),
            ("a (b OR c)", r#"("a") AND (("b") OR ("c"))"#),
            (r#""two words" x*"#, r#"("two words") AND ("x" *)"#),
            ("title:login", r#"{title} : "login""#),
            ("title:(a OR b)", r#"({title} : "a") OR ({title} : "b")"#),
            ("NEAR(one two, 3)", r#"NEAR("one" "two", 3)"#),
            (r#"NEAR("one x" two)"#, r#"NEAR("one x" "two", 10)"#),
        ];
        for (text, expression) in cases {
            assert_eq!(asked(text), expression, "{text}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_read_as_words() {
        for text in ["a AND", "OR a", "(a b", r#"say "a b"#, "a AND OR b", "NOT a", "a AND --"] {
            let search = Search::read(text).unwrap();

            assert!(search.fault.is_some(), "{text}");
            assert!(search.expression(TASK).is_some_and(|asked| asked.contains(r#""a""#)), "{text}");
        }
    }

    #[test]
    fn a_column_that_an_index_lacks_fits_nothing_there() {
        let thoughts = |text: &str| Search::read(text).unwrap().expression(&[Column::Thought]);

        assert_eq!(thoughts("title:a"), None);
        assert_eq!(thoughts("title:a b"), None);
        assert_eq!(thoughts("title:a OR b").as_deref(), Some(r#"("b")"#));
        assert_eq!(thoughts("b NOT title:a").as_deref(), Some(r#""b""#));
    }

    #[test]
    fn what_has_no_word_or_too_many_is_refused() {
        let refused = |text: &str| Search::read(text).err().unwrap();

        assert_eq!(refused(""), BadSearch::NoWord);
        assert_eq!(refused("\""), BadSearch::NoWord);
        assert_eq!(refused("-- && ( AND"), BadSearch::NoWord);
        assert_eq!(refused(&"x".repeat(501)), BadSearch::TooLong);
        assert_eq!(refused(&"x ".repeat(60)), BadSearch::TooMany);
        assert!(Search::read(&"(".repeat(400)).is_err());
    }

    #[test]
    fn only_plain_words_are_loosened() {
        let loosened = |text: &str| Search::read(text).unwrap().loosened();

        assert_eq!(loosened("a b").unwrap().expression(TASK).unwrap(), r#"("a") OR ("b")"#);
        assert!(loosened("a").is_none());
        assert!(loosened("a AND b").is_none());
        assert!(loosened(r#""a b" c"#).is_none());
    }
}
