//! D1 binds every number as a REAL: SQL that turns a parameter into JSON or text would make 5.0 of 5. This module casts
//! integer parameters back to integers in the SQL.

use std::{borrow::Cow, fmt::Write};

use crm_core::ports::store::Value;

use super::sql::skip;

/// `sql` with `?n` as an integer expression wherever the n-th parameter is an integer. The unary plus removes the
/// affinity of the cast, which would prevent the use of indexes on expressions.
pub fn cast<'s>(sql: &'s str, params: &[Value]) -> Cow<'s, str> {
    if !params
        .iter()
        .any(|value| matches!(value, Value::Integer(_)))
    {
        return Cow::Borrowed(sql);
    }
    let bytes = sql.as_bytes();
    let mut out = String::with_capacity(sql.len() + 64);
    let (mut at, mut copied) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        if let Some(end) = skip(sql, at) {
            at = end;
            continue;
        }
        at += 1;
        if byte != b'?' {
            continue;
        }
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
        let end = at + digits.count();
        let number: usize = sql[at..end].parse().unwrap_or(0);
        let param = number.checked_sub(1).and_then(|index| params.get(index));
        if matches!(param, Some(Value::Integer(_))) {
            out.push_str(&sql[copied..at - 1]);
            // Writing to a String does not fail.
            let _ = write!(out, "(+CAST(?{number} AS INTEGER))");
            copied = end;
        }
        at = end;
    }
    out.push_str(&sql[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_are_cast_where_they_are_named() {
        let params = [Value::Integer(1), Value::from("t"), Value::Integer(3)];
        let cases = [
            ("SELECT 1", "SELECT 1"),
            ("SELECT ?1, ?2", "SELECT (+CAST(?1 AS INTEGER)), ?2"),
            (
                "a=?1AND b=?3",
                "a=(+CAST(?1 AS INTEGER))AND b=(+CAST(?3 AS INTEGER))",
            ),
            ("SELECT '?1', 'it''s ?1', ?2", "SELECT '?1', 'it''s ?1', ?2"),
            (
                "SELECT \"?1\", [?1], `?1`, ?1",
                "SELECT \"?1\", [?1], `?1`, (+CAST(?1 AS INTEGER))",
            ),
            (
                "-- ?1\n/* ?1 */ ?1 - ?3",
                "-- ?1\n/* ?1 */ (+CAST(?1 AS INTEGER)) - (+CAST(?3 AS INTEGER))",
            ),
            (
                "? ?4 ?10 ?0 'é' ?1",
                "? ?4 ?10 ?0 'é' (+CAST(?1 AS INTEGER))",
            ),
            ("'open ?1", "'open ?1"),
            ("/* open ?1", "/* open ?1"),
        ];
        for (sql, expected) in cases {
            assert_eq!(cast(sql, &params), expected);
        }
        assert!(matches!(cast("SELECT ?1", &["a".into()]), Cow::Borrowed(_)));
    }

    /// An index on an expression has no affinity: a comparison with an affinity would not use it.
    #[test]
    fn an_integer_is_looked_up_in_an_index_on_an_expression() -> rusqlite::Result<()> {
        let connection = rusqlite::Connection::open_in_memory()?;
        connection.execute_batch(
            "CREATE TABLE records (data TEXT); CREATE INDEX by_n ON records (data ->> '$.n', data)",
        )?;
        for condition in [
            "data ->> '$.n' = ?1",
            "data ->> '$.n' >= ?1",
            "data ->> '$.n' IN (?1, 7)",
        ] {
            let sql = format!("SELECT data FROM records WHERE {condition}");
            let sql = cast(&sql, &[Value::Integer(5)]);
            let explained = format!("EXPLAIN QUERY PLAN {sql}");
            let plan: String = connection.query_row(&explained, [5.0], |row| row.get(3))?;
            assert!(
                plan.starts_with("SEARCH") && plan.contains("by_n"),
                "{sql}: {plan}"
            );
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_text_makes_it_fail(sql in "[-?0-9'\"\\[\\]`/*\\n aé]{0,40}") {
            let params = [Value::Integer(1), Value::Integer(2)];
            let made = cast(&sql, &params);
            prop_assert_eq!(made.replace("(+CAST(", "").replace(" AS INTEGER))", ""), sql.replace("(+CAST(", ""));
        }
    }
}
