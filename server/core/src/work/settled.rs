//! When expired rows may be deleted. A host's clock may be wrong for a while, and a deletion by a wrong clock cannot be
//! undone. Therefore each tenant records how its clock moved.
//!
//! The clock is steady while each look at it is within a day of the look before. After a steady day, rows that expired
//! more than a day ago are deleted. After a jump ahead, only rows that had expired before the last steady period are
//! deleted, so a rarely used tenant is cleaned up too, only later. After a jump back, nothing is deleted until the
//! clock has been steady for a day.

use crate::ports::store::Statement;

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// A greater difference between two looks is a jump. Rows are deleted only when they expired longer ago than this.
pub const STEADY_MS: i64 = 24 * HOUR_MS;

/// Looks at the clock. Writes at most once an hour.
pub fn look(now: i64) -> Statement {
    Statement::new(
        "UPDATE meta SET \
         clock_before = CASE WHEN ?1 < clock_at - ?2 THEN 0 WHEN ?1 > clock_at + ?2 THEN clock_began ELSE clock_before END, \
         clock_began = CASE WHEN ?1 BETWEEN clock_at - ?2 AND clock_at + ?2 THEN clock_began ELSE ?1 END, \
         clock_at = ?1 WHERE ?1 NOT BETWEEN clock_at AND clock_at + ?3",
        [now.into(), STEADY_MS.into(), HOUR_MS.into()],
    )
}

/// The time that has certainly passed, as an SQL term. `now` and `steady` are the terms for the time and for
/// [`STEADY_MS`]. [`look`] must come before it in the commit.
pub fn passed(now: &str, steady: &str) -> String {
    format!(
        "(SELECT CASE WHEN {now} - clock_began >= {steady} THEN {now} ELSE clock_before END - {steady} FROM meta)"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;
    use crate::ports::store::Value;

    const T: i64 = 1_800_000_000_000;
    const DAY: i64 = STEADY_MS;

    /// A tenant's clock, and rows that are deleted when they have expired.
    struct Tenant(Connection);

    impl Tenant {
        fn new() -> Self {
            let connection = Connection::open_in_memory().unwrap();
            let tables = "CREATE TABLE meta (clock_at INTEGER NOT NULL DEFAULT 0, clock_began INTEGER NOT NULL DEFAULT 0, \
                          clock_before INTEGER NOT NULL DEFAULT 0, id INTEGER); INSERT INTO meta (id) VALUES (1);
                          CREATE TABLE things (ends INTEGER)";
            connection.execute_batch(tables).unwrap();
            Self(connection)
        }

        fn put(&self, ends: i64) {
            self.0
                .execute("INSERT INTO things VALUES (?1)", [ends])
                .unwrap();
        }

        /// Cleans up at a time. Returns the number of rows that are left.
        fn tidy(&self, now: i64) -> i64 {
            let look = look(now);
            let params: Vec<i64> = look.params.iter().filter_map(Value::as_i64).collect();
            self.0
                .execute(&look.sql, rusqlite::params_from_iter(params))
                .unwrap();
            let sql = format!("DELETE FROM things WHERE ends < {}", passed("?1", "?2"));
            self.0.execute(&sql, [now, STEADY_MS]).unwrap();
            self.0
                .query_row("SELECT count(*) FROM things", [], |row| row.get(0))
                .unwrap()
        }

        /// Cleans up every two hours for this many days.
        fn days(&self, from: i64, days: i64) -> i64 {
            (0..=days * 12)
                .map(|n| self.tidy(from + n * DAY / 12))
                .last()
                .unwrap()
        }
    }

    #[test]
    fn what_is_over_goes_in_time() {
        let tenant = Tenant::new();
        tenant.put(T);
        assert_eq!(tenant.days(T - DAY, 1), 1, "it is over just now");
        assert_eq!(tenant.days(T, 2), 0);
    }

    #[test]
    fn a_clock_that_leaps_ahead_and_back_deletes_nothing() {
        for leap in [2 * DAY, 100 * DAY, 10_000 * DAY] {
            let tenant = Tenant::new();
            tenant.days(T, 10);
            tenant.put(T + 11 * DAY);
            let now = T + 10 * DAY;
            // For most of a day, however often the clock is looked at.
            for n in 0..20 {
                assert_eq!(tenant.tidy(now + leap + n * HOUR_MS), 1);
            }
            assert_eq!(tenant.days(now, 1), 1);
            assert_eq!(tenant.days(now + DAY, 3), 0, "in the end it goes");
        }
    }

    #[test]
    fn a_tenant_that_is_used_now_and_then_is_tidied_too() {
        let tenant = Tenant::new();
        let mut left = 0;
        for week in 0..50 {
            tenant.put(T + week * 7 * DAY);
            left = tenant.tidy(T + week * 7 * DAY);
        }
        assert!(left <= 4, "{left}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// While the clock is right, no row is deleted before it expires, whatever happens. One jump that is corrected
        /// within a day does not change that.
        #[test]
        fn nothing_goes_before_it_is_over(
            gaps in proptest::collection::vec(0i64..3 * DAY, 1..60),
            leap in -10_000 * DAY..10_000 * DAY,
            at in 0usize..60,
            wrong in proptest::collection::vec(0i64..DAY / 20, 1..19),
        ) {
            let tenant = Tenant::new();
            let mut now = T;
            for (n, gap) in gaps.into_iter().enumerate() {
                now += gap;
                if n == at {
                    let mut seen = now + leap;
                    for gap in &wrong {
                        seen += gap;
                        tenant.tidy(seen);
                    }
                }
                tenant.put(now + 1);
                let before = tenant.tidy(now);
                prop_assert!(before >= 1);
                let kept: i64 = tenant.0.query_row("SELECT max(ends) FROM things", [], |row| row.get(0)).unwrap();
                prop_assert_eq!(kept, now + 1);
            }
        }
    }
}
