//! The bound of the bytes in a statement's rows, so that neither a page nor a batch of large records fills a host's
//! memory. A host that steps through the rows counts them as it reads ([`Scale`]). A host that gets all rows at once
//! (D1) lets SQL count first, so that too many bytes never reach it: [`whole`] and [`ended`].

use super::{Statement, StoreError, Value};

/// What happens to rows beyond the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// The rows end before the bound, and a row without columns marks this. The first row with counted bytes is always
    /// returned.
    Ends,
    /// The whole read is refused: `StoreError::TooLarge`.
    Refused,
}

/// The bound of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The most bytes of UTF-8 in `columns`.
    pub bytes: usize,
    /// The columns that hold large texts.
    pub columns: &'static [&'static str],
    pub past: Past,
}

/// Counts the rows of a statement against its bound.
#[derive(Debug)]
pub struct Scale {
    bound: Bound,
    weight: usize,
}

/// The verdict on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighed {
    Fits,
    /// The rows end before this one.
    Ends,
}

impl Scale {
    pub fn new(bound: Bound) -> Self {
        Self { bound, weight: 0 }
    }

    /// Counts one more row, with `bytes` bytes in the bound's columns.
    pub fn add(&mut self, bytes: usize) -> Result<Weighed, StoreError> {
        let before = self.weight;
        self.weight = before.saturating_add(bytes);
        if self.weight <= self.bound.bytes {
            return Ok(Weighed::Fits);
        }
        match self.bound.past {
            Past::Refused => Err(StoreError::TooLarge),
            Past::Ends if before == 0 => Ok(Weighed::Fits),
            Past::Ends => Ok(Weighed::Ends),
        }
    }
}

/// The bytes of a row in the columns at these indexes.
pub fn weight(row: &[Value], columns: &[usize]) -> usize {
    let texts = columns.iter().filter_map(|column| row.get(*column));
    texts.filter_map(Value::as_str).map(str::len).sum()
}

/// Whether the rows ended at their bound; removes the row that marks this.
pub fn take_end(rows: &mut super::Rows) -> bool {
    let ends = rows.last().is_some_and(Vec::is_empty);
    if ends {
        rows.pop();
    }
    ends
}

fn weight_in_sql(bound: &Bound) -> String {
    let columns = bound.columns.iter();
    let bytes = columns.map(|name| format!("coalesce(length(CAST({name} AS BLOB)), 0)"));
    bytes.collect::<Vec<_>>().join(" + ")
}

/// SQL that returns the statement's rows if they are within the bound and within `most` bytes, and otherwise fails with
/// [`TOO_MUCH`]. The rows are computed once.
pub fn whole(statement: &Statement, most: usize) -> Option<String> {
    let bound = statement.bound.as_ref()?;
    let (sql, bytes, weight) = (&statement.sql, bound.bytes.min(most), weight_in_sql(bound));
    Some(format!(
        "WITH bounded_ AS MATERIALIZED ({sql}) SELECT * FROM bounded_ \
         LIMIT CASE WHEN (SELECT sum({weight}) FROM bounded_) > {bytes} THEN 'too much' ELSE -1 END"
    ))
}

/// SQLite's message for a LIMIT that is not a number.
pub const TOO_MUCH: &str = "datatype mismatch";

/// SQL that returns the statement's rows up to the bound, with two more columns: the bytes of the row and all rows
/// before it, and the number of all rows. It costs more than [`whole`], as it materialises all rows.
pub fn ended(statement: &Statement) -> Option<String> {
    let bound = statement.bound.as_ref()?;
    let (sql, bytes, weight) = (&statement.sql, bound.bytes, weight_in_sql(bound));
    Some(format!(
        "SELECT * FROM (SELECT *, sum({weight}) OVER (ROWS UNBOUNDED PRECEDING) AS weight_, \
         count(*) OVER () AS count_ FROM ({sql})) WHERE weight_ <= {bytes} OR weight_ = {weight}"
    ))
}

/// The rows of [`ended`] in the form of the port.
pub fn from_ended(mut rows: super::Rows) -> super::Rows {
    let mut all = 0;
    for row in &mut rows {
        all = row.pop().and_then(|count| count.as_i64()).unwrap_or(0);
        row.pop();
    }
    if usize::try_from(all).is_ok_and(|all| all > rows.len()) {
        rows.push(Vec::new());
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;
    use crate::{ports::store::Rows, testing};

    const COLUMNS: &[&str] = &["a", "b"];

    fn statement(texts: &[(String, Option<String>)], bytes: usize, past: Past) -> Statement {
        let list = serde_json::to_string(texts).unwrap();
        let sql = "SELECT key AS n, value ->> 0 AS a, value ->> 1 AS b FROM json_each(?1) ORDER BY key DESC LIMIT 1000";
        let bound = Bound {
            bytes,
            columns: COLUMNS,
            past,
        };
        Statement::new(sql, [list.into()]).bounded(bound)
    }

    /// Runs the statement in the way of D1.
    fn by_sql(connection: &Connection, statement: &Statement) -> Result<Rows, StoreError> {
        let run =
            |sql: String| testing::rows(connection, &Statement::new(sql, statement.params.clone()));
        match run(whole(statement, usize::MAX).unwrap()) {
            Ok(rows) => Ok(rows),
            Err(error) if error.to_string().contains(TOO_MUCH) => {
                match statement.bound.unwrap().past {
                    Past::Refused => Err(StoreError::TooLarge),
                    Past::Ends => Ok(from_ended(run(ended(statement).unwrap()).unwrap())),
                }
            }
            Err(error) => panic!("{error}"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn counted_in_sql_or_by_hand_rows_end_at_the_same_place(
            texts in prop::collection::vec(("[a-zé]{0,6}", prop::option::of("[aé]{0,4}")), 0..12),
            bytes in 0usize..60,
            refused in any::<bool>(),
        ) {
            let past = if refused { Past::Refused } else { Past::Ends };
            let statement = statement(&texts, bytes, past);
            let connection = Connection::open_in_memory().unwrap();
            let counted = testing::rows(&connection, &statement);
            let expected = texts.iter().rev().scan(0, |sum, (a, b)| {
                let before = *sum;
                *sum += a.len() + b.as_ref().map_or(0, String::len);
                Some((before, *sum))
            });
            let fit = expected.take_while(|(before, sum)| *sum <= bytes || *before == 0).count();
            let total: usize = texts.iter().map(|(a, b)| a.len() + b.as_ref().map_or(0, String::len)).sum();
            match (by_sql(&connection, &statement), counted) {
                (Ok(mut rows), Ok(mut counted)) => {
                    prop_assert_eq!(&rows, &counted);
                    let ends = take_end(&mut rows);
                    prop_assert_eq!(ends, take_end(&mut counted));
                    prop_assert_eq!(rows.len(), fit);
                    prop_assert_eq!(ends, fit < texts.len());
                }
                (Err(refusal), Err(counted)) => {
                    prop_assert!(refused && total > bytes);
                    prop_assert_eq!(refusal, StoreError::TooLarge);
                    prop_assert!(testing::is_too_large(&counted));
                }
                (sql, counted) => prop_assert!(false, "{:?} {:?}", sql, counted),
            }
        }
    }
}
