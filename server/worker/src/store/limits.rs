//! D1's limits. A batch beyond them is refused before anything of it is sent.

use std::borrow::Cow;

use crm_core::ports::store::{
    Statement, StoreError, Value,
    admission::{self, Access, SQL_BYTES, admit},
};

use super::{cast::cast, sql::words};

/// The most bytes of one batch's rows as JSON: the Worker holds several copies of them.
pub const ANSWER_BYTES: usize = 16 << 20;

/// A statement in the form for D1.
pub struct Fitting<'s> {
    pub sql: Cow<'s, str>,
    pub params: &'s [Value],
}

/// The statements and their bytes, if they are within D1's limits.
pub fn fit(
    access: Access,
    statements: &[Statement],
) -> Result<(Vec<Fitting<'_>>, usize), StoreError> {
    let bytes = admission::fit(statements)?;
    let fitting = statements.iter().map(|statement| {
        admit(access, &statement.sql)?;
        if access == Access::Read && writes(&statement.sql) {
            let what = "a read got a statement that writes";
            return Err(StoreError::Failed(what.into()));
        }
        let sql = cast(&statement.sql, &statement.params);
        if sql.len() > SQL_BYTES {
            return Err(StoreError::TooLarge);
        }
        Ok(Fitting {
            sql,
            params: &statement.params,
        })
    });
    Ok((fitting.collect::<Result<_, _>>()?, bytes))
}

/// Whether a statement writes although it begins like a SELECT. D1 would run it.
fn writes(sql: &str) -> bool {
    let is = |word: &str, keyword: &str| word.eq_ignore_ascii_case(keyword);
    let mut before = "";
    words(sql).any(|word| {
        let replaces = is(before, "REPLACE") && is(word, "INTO");
        before = word;
        replaces
            || ["INSERT", "UPDATE", "DELETE"]
                .iter()
                .any(|write| is(word, write))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(access: Access, statements: Vec<Statement>) -> Result<usize, StoreError> {
        fit(access, &statements).map(|(_, bytes)| bytes)
    }

    #[test]
    fn a_statement_has_to_fit_as_it_is_sent() {
        let sql = format!("SELECT ?1{}", " ".repeat(SQL_BYTES - 9));
        let text = Statement::new(sql.clone(), [Value::from("a")]);
        assert_eq!(fits(Access::Read, vec![text]), Ok(SQL_BYTES + 1));
        let number = Statement::new(sql, [Value::from(1)]);
        assert_eq!(fits(Access::Read, vec![number]), Err(StoreError::TooLarge));
    }

    #[test]
    fn a_read_does_not_write() {
        for sql in [
            "DELETE FROM meta RETURNING seq",
            "WITH a AS (SELECT 1) INSERT INTO counters SELECT * FROM a",
            "with a as (select 1) delete from counters",
            "WITH a AS (SELECT 1) REPLACE INTO counters SELECT * FROM a",
        ] {
            let seen = fits(Access::Read, vec![Statement::new(sql, [])]);
            assert!(matches!(seen, Err(StoreError::Failed(_))), "{sql}");
        }
        for sql in [
            "SELECT updated_at, deleted_at FROM records",
            "WITH a AS (SELECT updated_at FROM records WHERE deleted_at IS NULL) SELECT replace(updated_at, 'DELETE', '2') FROM a -- INSERT",
        ] {
            assert!(
                fits(Access::Read, vec![Statement::new(sql, [])]).is_ok(),
                "{sql}"
            );
        }
    }
}
