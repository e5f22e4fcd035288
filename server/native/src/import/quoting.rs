//! Strict checks of RFC 4180's quoting rules. The CSV reader is lenient, but bad quoting mostly means a broken file,
//! and one tolerated stray quote can swallow half a file.

/// Where and how the quoting is broken: line and character column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    pub line: u64,
    pub column: u64,
    pub message: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: the end of the field, or the first quote of a pair.
    Quote,
}

/// Checks a text character by character.
pub struct Quoting {
    delimiter: char,
    state: State,
    /// The place of the opening quote of the current field.
    opened: (u64, u64),
}

impl Quoting {
    pub fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            state: State::FieldStart,
            opened: (1, 1),
        }
    }

    /// Checks the next character, at this line and column.
    pub fn next(&mut self, c: char, line: u64, column: u64) -> Result<(), Broken> {
        let broken = |message| Broken {
            line,
            column,
            message,
        };
        self.state = match (self.state, c) {
            (State::Quoted, '"') => State::Quote,
            (State::Quoted, _) => State::Quoted,
            (State::FieldStart, '"') => {
                self.opened = (line, column);
                State::Quoted
            }
            (State::Quote, '"') => State::Quoted,
            (State::Plain, '"') => {
                return Err(broken(
                    "a quote inside a field that is not quoted; put the whole field in quotes and double the quotes inside",
                ));
            }
            (_, c) if c == self.delimiter => State::FieldStart,
            (_, '\n' | '\r') => State::FieldStart,
            (State::Quote, _) => {
                return Err(broken(
                    "text behind the closing quote; a quote inside a quoted field is written twice",
                ));
            }
            (State::FieldStart | State::Plain, _) => State::Plain,
        };
        Ok(())
    }

    /// Whether the text is inside a quoted field, where a line break does not end the row.
    pub fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    /// Checks the end of the text.
    pub fn end(&self) -> Result<(), Broken> {
        if self.state != State::Quoted {
            return Ok(());
        }
        let (line, column) = self.opened;
        Err(Broken {
            line,
            column,
            message: "this quote is never closed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), (u64, u64)> {
        let mut quoting = Quoting::new(',');
        let (mut line, mut column) = (1, 0);
        let place = |broken: Broken| (broken.line, broken.column);
        for c in text.chars() {
            column += 1;
            quoting.next(c, line, column).map_err(place)?;
            if c == '\n' {
                (line, column) = (line + 1, 0);
            }
        }
        quoting.end().map_err(place)
    }

    #[test]
    fn what_rfc_4180_allows_is_fine() {
        for text in [
            "",
            "a,b\n1,2\n",
            "\"a\"\"b\",c\r\n",
            "\"two\nlines\",x",
            "a,\"\",c",
            "é,\"ü\"\n",
        ] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn broken_quotes_are_found_where_they_are() {
        assert_eq!(check("a,b\nx\"y,2\n"), Err((2, 2)));
        assert_eq!(check("a\n\"x\"y\n"), Err((2, 4)));
        assert_eq!(check("a,b\né,\"open\n\n\n"), Err((2, 3)));
    }
}
