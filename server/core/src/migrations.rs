//! The schemas of the tenants' databases and of the directory, forward only. When a host opens a database, it applies
//! the missing migrations, each in one transaction together with its row in `migrations`. If two processes do this at
//! once, each migration is applied once.

/// A migration: its number and its statements, one per element.
pub struct Migration {
    pub number: i64,
    pub sql: &'static str,
}

pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        sql: include_str!("../migrations/0001_tenant.sql"),
    },
    Migration {
        number: 2,
        sql: include_str!("../migrations/0002_deprecations.sql"),
    },
    Migration {
        number: 3,
        sql: include_str!("../migrations/0003_answers.sql"),
    },
    Migration {
        number: 4,
        sql: include_str!("../migrations/0004_clock.sql"),
    },
    Migration {
        number: 5,
        sql: include_str!("../migrations/0005_folding.sql"),
    },
    Migration {
        number: 6,
        sql: include_str!("../migrations/0006_makers.sql"),
    },
    Migration {
        number: 7,
        sql: include_str!("../migrations/0007_teams.sql"),
    },
];

/// The migrations of the directory.
pub const DIRECTORY: &[Migration] = &[
    Migration {
        number: 1,
        sql: include_str!("../migrations/0001_directory.sql"),
    },
    Migration {
        number: 2,
        sql: include_str!("../migrations/0002_directory_login_order.sql"),
    },
];

/// The statements of a migration file: they end in `;` at the end of a line, and `--` starts a comment line.
pub fn statements(sql: &str) -> impl Iterator<Item = String> + '_ {
    sql.split(";\n")
        .map(|part| {
            part.lines()
                .filter(|line| !line.trim_start().starts_with("--"))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .filter(|part| !part.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database stores the numbers of its migrations. If two had the same number, one would never be applied.
    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        for migrations in [MIGRATIONS, DIRECTORY] {
            let numbers = migrations.iter().map(|migration| migration.number);
            assert!(numbers.eq(1..=migrations.len() as i64));
        }
    }
}
