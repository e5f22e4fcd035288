//! JSON (RFC 8259) with places. It has its own parser because the YAML parser does not support surrogate pairs and keys
//! beyond 1,024 characters, and serde_json keeps no places.

use serde_json::Number;

use super::tree::{Step, Stop, Tree};
use super::{Content, Position};

pub(super) fn read(text: &str, tree: &mut Tree<'_>) -> Step {
    let mut reader = Reader {
        text,
        offset: 0,
        line: 1,
        column: 1,
    };
    let mut open: Vec<u8> = Vec::new();
    // What may come next: a value, or after a value a comma or a closing bracket.
    let mut after_value = false;
    loop {
        reader.skip_space();
        let at = reader.position();
        match (reader.peek(), after_value) {
            (None, true) if open.is_empty() => return Ok(()),
            (None, false) if open.is_empty() => return Ok(()),
            (None, _) => return reader.fail(tree, "the text ends before everything is closed"),
            (Some(_), true) if open.is_empty() => {
                return reader.fail(tree, "something follows the end of the document");
            }
            (Some(c @ (b'}' | b']')), true) if open.last() == Some(&c) => {
                reader.bump();
                open.pop();
                tree.close()?;
            }
            (Some(b','), true) => {
                reader.bump();
                after_value = false;
                if open.last() == Some(&b'}') {
                    reader.key(tree)?;
                }
            }
            (Some(_), true) => {
                return reader.fail(tree, "a comma or a closing bracket is expected");
            }
            (Some(b'{'), false) => {
                reader.bump();
                tree.open_map(at, 0)?;
                open.push(b'}');
                reader.skip_space();
                if reader.peek() == Some(b'}') {
                    after_value = true
                } else {
                    reader.key(tree)?
                }
            }
            (Some(b'['), false) => {
                reader.bump();
                tree.open_list(at, 0)?;
                open.push(b']');
                reader.skip_space();
                after_value = reader.peek() == Some(b']');
            }
            (Some(_), false) => {
                let content = reader.scalar(tree)?;
                tree.scalar(at, content, 0)?;
                after_value = true;
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
}

impl Reader<'_> {
    fn position(&self) -> Position {
        Position {
            file: None,
            line: self.line,
            column: self.column,
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.offset += c.len_utf8();
        if c == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(c)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.bump();
        }
    }

    fn fail<T>(&self, tree: &mut Tree<'_>, what: &str) -> Result<T, Stop> {
        let mend = "mend the syntax here or just before";
        tree.report(
            "syntax",
            &self.position(),
            format!("this is not JSON: {what}"),
            mend,
        );
        Err(Stop)
    }

    fn key(&mut self, tree: &mut Tree<'_>) -> Step {
        self.skip_space();
        let at = self.position();
        if self.peek() != Some(b'"') {
            return self.fail(tree, "a key in double quotes is expected");
        }
        let key = self.string(tree)?;
        tree.key(key, at)?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return self.fail(tree, "a colon is expected");
        }
        self.bump();
        Ok(())
    }

    fn scalar(&mut self, tree: &mut Tree<'_>) -> Result<Content, Stop> {
        match self.peek() {
            Some(b'"') => self.string(tree).map(Content::Text),
            Some(b'-' | b'0'..=b'9') => self.number(tree),
            _ => {
                for (word, content) in [
                    ("true", Content::Bool(true)),
                    ("false", Content::Bool(false)),
                    ("null", Content::Null),
                ] {
                    if self.rest().starts_with(word) {
                        word.chars().for_each(|_| {
                            self.bump();
                        });
                        return Ok(content);
                    }
                }
                self.fail(tree, "a value is expected")
            }
        }
    }

    fn number(&mut self, tree: &mut Tree<'_>) -> Result<Content, Stop> {
        let length = self
            .rest()
            .bytes()
            .take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let digits = self.rest().get(..length).unwrap_or_default();
        let Ok(number) = serde_json::from_str::<Number>(digits) else {
            return self.fail(tree, "this is not a number, or it is too large");
        };
        self.offset += length;
        self.column = self
            .column
            .saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        Ok(Content::Number(number))
    }

    fn string(&mut self, tree: &mut Tree<'_>) -> Result<String, Stop> {
        self.bump();
        let mut out = String::new();
        loop {
            match self.bump() {
                None => return self.fail(tree, "a text has no closing quote"),
                Some('"') => return Ok(out),
                Some('\n' | '\r' | '\t') => {
                    return self.fail(tree, "a line end or tab in a text is not escaped");
                }
                Some('\\') => out.push(self.escape(tree)?),
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, tree: &mut Tree<'_>) -> Result<char, Stop> {
        Ok(match self.bump() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let high = self.hex(tree)?;
                let code = if (0xD800..0xDC00).contains(&high) && self.rest().starts_with("\\u") {
                    self.bump();
                    self.bump();
                    let low = self.hex(tree)?;
                    if !(0xDC00..0xE000).contains(&low) {
                        return self.fail(tree, "half of a surrogate pair stands alone");
                    }
                    0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
                } else {
                    high
                };
                match char::from_u32(code) {
                    Some(c) => c,
                    None => return self.fail(tree, "half of a surrogate pair stands alone"),
                }
            }
            _ => return self.fail(tree, "this escape is unknown"),
        })
    }

    fn hex(&mut self, tree: &mut Tree<'_>) -> Result<u32, Stop> {
        let mut code = 0;
        for _ in 0..4 {
            match self.bump().and_then(|c| c.to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.fail(tree, "four hexadecimal digits are expected"),
            }
        }
        Ok(code)
    }
}
