//! What D1 takes. A batch that cannot fit is refused before anything of it is sent.

use crm_core::ports::store::{
    Statement, StoreError, Value,
    admission::{Access, PARAMETERS, SQL_BYTES, admit},
};

use super::{cast::cast, sql::words};

/// Of one text, and of one row.
pub const TEXT_BYTES: usize = 2_000_000;
/// Statements of one batch: 1,000 may run in one invocation of a Worker, and a request makes several batches.
pub const STATEMENTS: usize = 250;
/// SQL and texts of one batch. The Worker's memory holds it several times over.
pub const BATCH_BYTES: usize = 8 << 20;
/// Rows of one batch, as JSON.
pub const ANSWER_BYTES: usize = 16 << 20;

/// A statement as it goes to D1.
pub struct Fitting<'s> {
    pub sql: std::borrow::Cow<'s, str>,
    pub params: &'s [Value],
}

/// The statements, if D1 takes them; and their bytes.
pub fn fit(
    access: Access,
    statements: &[Statement],
) -> Result<(Vec<Fitting<'_>>, usize), StoreError> {
    if statements.len() > STATEMENTS {
        return Err(StoreError::TooLarge);
    }
    let mut bytes = 0;
    let fitting = statements.iter().map(|statement| {
        admit(access, &statement.sql)?;
        if access == Access::Read && writes(&statement.sql) {
            return Err(StoreError::Failed(
                "a statement that writes came to be read".into(),
            ));
        }
        let sql = cast(&statement.sql, &statement.params);
        bytes += sql.len();
        for value in &statement.params {
            let text = value.as_str().map_or(0, str::len);
            bytes += text;
            if text > TEXT_BYTES {
                return Err(StoreError::TooLarge);
            }
        }
        if sql.len() > SQL_BYTES || statement.params.len() > PARAMETERS || bytes > BATCH_BYTES {
            return Err(StoreError::TooLarge);
        }
        Ok(Fitting {
            sql,
            params: &statement.params,
        })
    });
    let fitting = fitting.collect::<Result<_, _>>()?;
    Ok((fitting, bytes))
}

/// Whether a statement that begins like one that reads goes on like one that writes. D1 would run it.
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
    fn what_d1_takes_fits() {
        let text = "x".repeat(TEXT_BYTES);
        let statement = || Statement::new("SELECT ?1", [text.as_str().into()]);
        assert_eq!(fits(Access::Read, vec![statement()]), Ok(TEXT_BYTES + 9));
        let params: Vec<Value> = (0..PARAMETERS).map(|_| Value::Null).collect();
        let sql = format!("SELECT {}1", " ".repeat(SQL_BYTES - 8));
        assert!(fits(Access::Write, vec![Statement::new(sql, params)]).is_ok());
        assert_eq!(fits(Access::Read, Vec::new()), Ok(0));
    }

    #[test]
    fn what_it_does_not_take_is_refused() {
        let wide: Vec<Value> = (0..=PARAMETERS).map(|_| Value::Null).collect();
        let one = || Statement::new("SELECT 1", []);
        let long = || Statement::new("SELECT ?1", [Value::Text("x".repeat(TEXT_BYTES))]);
        for statements in [
            vec![Statement::new(
                "SELECT ?1",
                [Value::Text("é".repeat(TEXT_BYTES / 2 + 1))],
            )],
            vec![Statement::new("SELECT 1", wide)],
            vec![Statement::new(
                format!("SELECT {}1", " ".repeat(SQL_BYTES)),
                [],
            )],
            (0..=STATEMENTS).map(|_| one()).collect(),
            (0..5).map(|_| long()).collect(),
        ] {
            assert_eq!(fits(Access::Write, statements), Err(StoreError::TooLarge));
        }
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
