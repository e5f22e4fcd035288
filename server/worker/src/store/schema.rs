//! Brings a D1 database's schema up to date. Each migration and its row are one batch: when two isolates race, one
//! applies the migration and the other finds it applied.

use crm_core::{
    migrations::{MIGRATIONS, Migration, statements},
    ports::store::{Commit, Rows, Statement, StoreError, TenantId},
    schema::{self, index_changes},
};

use super::database::Database;

/// Reads the state of a tenant's database: its tenant, its newest migration, and its indexes. A new isolate runs it
/// first. The table `host` belongs to this host.
const STATE: &str =
    "SELECT h.tenant, (SELECT max(number) FROM migrations) AS newest, h.indexes FROM host h";

pub fn state() -> Statement {
    Statement::new(STATE, [])
}

/// Whether by the rows of [`state`] the database is this tenant's and up to date. An error if it is another tenant's.
pub fn is_current(tenant: &TenantId, rows: &Rows) -> Result<bool, StoreError> {
    let Some([owner, newest, indexes]) = rows.first().map(Vec::as_slice) else {
        return Ok(false);
    };
    if owner.as_str() != Some(tenant.as_str()) {
        return Err(StoreError::Failed(format!(
            "the database holds the data of the tenant {}, not of {tenant}",
            owner.as_str().unwrap_or_default()
        )));
    }
    let known = newest_of(MIGRATIONS);
    match newest.as_i64() {
        Some(newest) if newest > known => Err(newer(newest, known)),
        newest => Ok(newest == Some(known) && indexes.as_str() == Some(&wanted_indexes())),
    }
}

/// Makes the tables of a tenant's database, or brings them up to date.
pub async fn prepare(database: &Database, tenant: &TenantId) -> Result<(), StoreError> {
    const HOST: &str = "CREATE TABLE IF NOT EXISTS host (id INTEGER PRIMARY KEY CHECK (id = 1), tenant TEXT NOT NULL, indexes TEXT NOT NULL)";
    let claim = vec![
        Statement::new(MIGRATIONS_TABLE, []),
        Statement::new(HOST, []),
        Statement::new(
            "INSERT INTO host (id, tenant, indexes) VALUES (1, ?1, '') ON CONFLICT (id) DO NOTHING",
            [tenant.as_str().into()],
        ),
        state(),
    ];
    let rows = committed(database.commit(&claim).await?)?;
    if is_current(tenant, &rows.last().cloned().unwrap_or_default())? {
        return Ok(());
    }
    migrate(database, MIGRATIONS).await?;
    let there = database
        .read(&[Statement::new(schema::INDEXES, [])])
        .await?;
    let mut indexes: Vec<Statement> = index_changes(&there.into_iter().next().unwrap_or_default())
        .into_iter()
        .map(|sql| Statement::new(sql, []))
        .collect();
    indexes.push(Statement::new(
        "UPDATE host SET indexes = ?1",
        [wanted_indexes().into()],
    ));
    committed(database.commit(&indexes).await?).map(drop)
}

const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)";

/// Applies missing migrations.
pub async fn migrate(database: &Database, migrations: &[Migration]) -> Result<(), StoreError> {
    let looked = database
        .commit(&[
            Statement::new(MIGRATIONS_TABLE, []),
            Statement::new(
                "SELECT coalesce(max(number), 0) AS newest FROM migrations",
                [],
            ),
        ])
        .await?;
    let rows = committed(looked)?;
    let applied = rows
        .last()
        .and_then(|rows| rows.first()?.first()?.as_i64())
        .unwrap_or_default();
    let known = newest_of(migrations);
    if applied > known {
        return Err(newer(applied, known));
    }
    for migration in migrations.iter().filter(|it| it.number > applied) {
        let mut batch = vec![Statement::new(
            "INSERT INTO migrations (number, applied_at) VALUES (?1, CAST(unixepoch('subsec') * 1000 AS INTEGER))",
            [migration.number.into()],
        )];
        batch.extend(statements(migration.sql).map(|sql| Statement::new(sql, [])));
        match database.commit(&batch).await? {
            Commit::Committed(_) => {}
            // Another isolate applied it.
            Commit::Constraint(name) if name == "migrations.number" => {}
            other => return committed(other).map(drop),
        }
    }
    Ok(())
}

/// Whether all migrations are applied, by a read of the newest one.
pub fn is_newest(migrations: &[Migration], rows: Option<&Rows>) -> Result<bool, StoreError> {
    let newest = rows.and_then(|rows| rows.first()?.first()?.as_i64());
    let known = newest_of(migrations);
    match newest {
        Some(newest) if newest > known => Err(newer(newest, known)),
        newest => Ok(newest == Some(known)),
    }
}

fn newest_of(migrations: &[Migration]) -> i64 {
    migrations.iter().map(|it| it.number).max().unwrap_or(0)
}

fn newer(applied: i64, known: i64) -> StoreError {
    StoreError::Failed(format!(
        "the database was written by a newer program: it has migration {applied}, this program knows {known}"
    ))
}

/// A fingerprint of this program's indexes of the built-in types.
fn wanted_indexes() -> String {
    static WANTED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    WANTED
        .get_or_init(|| format!("{:016x}", schema::indexes_mark()))
        .clone()
}

fn committed(commit: Commit) -> Result<Vec<Rows>, StoreError> {
    match commit {
        Commit::Committed(rows) => Ok(rows),
        other => Err(StoreError::Failed(format!("refused: {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use crm_core::ports::store::Value;

    use super::*;

    fn tenant(n: u8) -> TenantId {
        let id = TenantId::parse(&format!("01900000-0000-7000-8000-0000000000{n:02x}"));
        id.unwrap_or_else(|| panic!("no id"))
    }

    #[test]
    fn a_database_of_another_tenant_or_a_newer_program_is_not_opened() {
        let row = |owner: &str, newest: i64, indexes: String| {
            vec![vec![owner.into(), newest.into(), Value::from(indexes)]]
        };
        let (ours, known) = (tenant(1), newest_of(MIGRATIONS));
        let name = ours.as_str();
        assert_eq!(
            is_current(&ours, &row(name, known, wanted_indexes())),
            Ok(true)
        );
        assert_eq!(
            is_current(&ours, &row(name, known - 1, wanted_indexes())),
            Ok(false)
        );
        assert_eq!(
            is_current(&ours, &row(name, known, String::new())),
            Ok(false)
        );
        assert_eq!(
            is_current(&ours, &vec![vec![name.into(), Value::Null, "".into()]]),
            Ok(false)
        );
        assert_eq!(is_current(&ours, &Vec::new()), Ok(false));
        for rows in [
            row(tenant(2).as_str(), known, wanted_indexes()),
            row(name, known + 1, wanted_indexes()),
        ] {
            assert!(matches!(
                is_current(&ours, &rows),
                Err(StoreError::Failed(_))
            ));
        }
    }
}
