//! RFC 4180's rules of quoting, strictly: the CSV reader forgives what is most often a sign of a broken file, and a
//! forgiven stray quote can swallow half a file.

/// Where and how the quoting is broken: line and character column, both from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub line: u64,
    pub column: u64,
    pub message: &'static str,
}

enum State {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside a quoted field: its end, or the first of a pair.
    Quote,
}

/// The first violation in `text`.
pub fn check(text: &str, delimiter: char) -> Option<Broken> {
    let (mut line, mut column) = (1, 0);
    let mut opened = (1, 1);
    let mut state = State::FieldStart;
    for c in text.chars() {
        column += 1;
        state = match (state, c) {
            (State::Quoted, '"') => State::Quote,
            (State::Quoted, _) => State::Quoted,
            (State::FieldStart, '"') => {
                opened = (line, column);
                State::Quoted
            }
            (State::Quote, '"') => State::Quoted,
            (State::Plain, '"') => {
                let message = "a quote inside a field that is not quoted; put the whole field in quotes and double the quotes inside";
                return Some(Broken {
                    line,
                    column,
                    message,
                });
            }
            (_, c) if c == delimiter => State::FieldStart,
            (_, '\n' | '\r') => State::FieldStart,
            (State::Quote, _) => {
                let message =
                    "text behind the closing quote; a quote inside a quoted field is written twice";
                return Some(Broken {
                    line,
                    column,
                    message,
                });
            }
            (State::FieldStart | State::Plain, _) => State::Plain,
        };
        if c == '\n' {
            (line, column) = (line + 1, 0);
        }
    }
    let message = "this quote is never closed";
    matches!(state, State::Quoted).then_some(Broken {
        line: opened.0,
        column: opened.1,
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(check(text, ','), None, "{text:?}");
        }
    }

    #[test]
    fn broken_quotes_are_found_where_they_are() {
        let at = |text| check(text, ',').map(|broken| (broken.line, broken.column));
        assert_eq!(at("a,b\nx\"y,2\n"), Some((2, 2)));
        assert_eq!(at("a\n\"x\"y\n"), Some((2, 4)));
        assert_eq!(at("a,b\né,\"open\n\n\n"), Some((2, 3)));
    }
}
