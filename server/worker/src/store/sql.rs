//! A minimal SQL tokenizer that separates code from quoted text and comments.

/// The end of the quoted text, quoted name or comment that begins at `at`; None if none begins there.
pub fn skip(sql: &str, at: usize) -> Option<usize> {
    let bytes = sql.as_bytes();
    match bytes.get(at)? {
        quote @ (b'\'' | b'"' | b'`') => Some(end_of_quoted(bytes, at, *quote)),
        b'[' => Some(end_of(bytes, at, b"]")),
        b'-' if bytes.get(at + 1) == Some(&b'-') => Some(end_of(bytes, at, b"\n")),
        b'/' if bytes.get(at + 1) == Some(&b'*') => Some(end_of(bytes, at + 2, b"*/")),
        _ => None,
    }
}

/// The unquoted words of a statement: names and keywords.
pub fn words(sql: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = sql.as_bytes();
        loop {
            if let Some(end) = skip(sql, at) {
                at = end;
                continue;
            }
            let start = at;
            while bytes
                .get(at)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            {
                at += 1;
            }
            if at > start {
                return sql.get(start..at);
            }
            bytes.get(at)?;
            at += 1;
        }
    })
}

/// The end of quoted text; a doubled quote does not end it.
fn end_of_quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        end += 1;
        if byte == quote {
            if bytes.get(end) != Some(&quote) {
                break;
            }
            end += 1;
        }
    }
    end
}

fn end_of(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(what.len())
        .position(|window| window == what)
        .map_or(bytes.len(), |at| from + at + what.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_are_not_quoted() {
        let sql = "SELECT a1, 'it''s DELETE' AS \"b c\" -- UPDATE\nFROM [d e] /* INSERT */ WHERE x_y=?1 'open";
        let seen: Vec<_> = words(sql).collect();
        assert_eq!(seen, ["SELECT", "a1", "AS", "FROM", "WHERE", "x_y", "1"]);
    }
}
