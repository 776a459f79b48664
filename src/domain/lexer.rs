//! Splits the text of a search into tokens.

use super::search::Column;

/// A token of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token<'t> {
    Word(&'t str),
    Phrase {
        text: String,
        begins: bool,
    },
    Near {
        phrases: Vec<String>,
        within: u32,
    },
    /// The next token is searched for in this part only.
    Column(Column),
    And,
    Or,
    Not,
    Open,
    Close,
}

pub struct Lexer<'t> {
    rest: &'t str,
    /// How many parentheses are open.
    open: usize,
}

impl<'t> Lexer<'t> {
    /// Returns the tokens of a text, or its fault.
    pub fn tokens(text: &'t str) -> Result<Vec<Token<'t>>, &'static str> {
        let mut lexer = Self { rest: text, open: 0 };
        let mut tokens = Vec::new();
        while let Some(token) = lexer.next()? {
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn next(&mut self) -> Result<Option<Token<'t>>, &'static str> {
        self.rest = self.rest.trim_start();
        if self.open == 0 {
            // Without an open parenthesis, a closing one is ignored like other punctuation.
            self.rest = self.rest.trim_start_matches(|c: char| c == ')' || c.is_whitespace());
        }
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let token = match first {
            '"' => {
                let text = self.quoted()?;
                Token::Phrase { text, begins: self.takes("*") }
            }
            '(' => {
                self.takes("(");
                self.open += 1;
                Token::Open
            }
            ')' => {
                self.takes(")");
                self.open -= 1;
                Token::Close
            }
            _ if self.takes("NEAR(") => self.near()?,
            _ => self.word(),
        };
        Ok(Some(token))
    }

    fn takes(&mut self, start: &str) -> bool {
        match self.rest.strip_prefix(start) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads to the closing quote. A doubled quote stands for one.
    fn quoted(&mut self) -> Result<String, &'static str> {
        let mut text = String::new();
        self.takes("\"");
        loop {
            let (before, after) = self.rest.split_once('"').ok_or("a quote is not closed")?;
            text += before;
            self.rest = after;
            if !self.takes("\"") {
                return Ok(text);
            }
            text.push('"');
        }
    }

    /// Reads to the next space or quote. Parentheses in a word belong to it, as in `main()`.
    fn word(&mut self) -> Token<'t> {
        let mut inner = 0_usize;
        let mut end = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            match c {
                '(' => inner += 1,
                ')' if inner > 0 => inner -= 1,
                ')' if self.open > 0 => {
                    end = at;
                    break;
                }
                ':' if self.rest[at + 1..].starts_with(|next: char| !next.is_whitespace() && next != ')') => {
                    if let Some(column) = Column::named(&self.rest[..at]) {
                        self.rest = &self.rest[at + 1..];
                        return Token::Column(column);
                    }
                }
                '"' => {
                    end = at;
                    break;
                }
                c if c.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            word => Token::Word(word),
        }
    }

    /// Reads the phrases that must be near each other, and the distance.
    fn near(&mut self) -> Result<Token<'t>, &'static str> {
        const USUAL: u32 = 10;
        const FARTHEST: u32 = 1_000;
        const OPEN: &str = "`NEAR(` is not closed";
        let mut phrases = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.takes(")") {
                return Ok(Token::Near { phrases, within: USUAL });
            }
            if self.takes(",") {
                let (number, rest) = self.rest.split_once(')').ok_or(OPEN)?;
                self.rest = rest;
                let within: u32 = number.trim().parse().map_err(|_| "`NEAR(…, n)` takes a number")?;
                return Ok(Token::Near { phrases, within: within.min(FARTHEST) });
            }
            if self.rest.starts_with('"') {
                phrases.push(self.quoted()?);
                continue;
            }
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ')' | '"');
            let end = self.rest.find(ends).ok_or(OPEN)?;
            let (word, rest) = self.rest.split_at(end);
            phrases.push(word.to_owned());
            self.rest = rest;
        }
    }
}
