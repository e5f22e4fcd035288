//! The directory in SQL: its statements, and parsing their rows. A host runs the statements on its database and defines
//! how the seed of a signing key is stored.

use super::{Directory, SigningKey, TenantEntry};
use crate::ports::{
    Answer,
    store::{Commit, Rows, Statement, StoreError, TenantId, Value},
};

/// The database of the directory. Implementations of it are a [`Directory`].
pub trait DirectoryDatabase: Send + Sync + 'static {
    /// The rows of one statement that only reads.
    fn read(&self, statement: Statement) -> Answer<'_, Result<Rows, StoreError>>;

    /// Runs one statement that writes; it is durable on return.
    fn commit(&self, statement: Statement) -> Answer<'_, Result<Commit, StoreError>>;

    /// Makes the tenant's database, migrated, and its entry. Repeating it is harmless.
    fn create<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>>;

    /// A signing key's seed as the database stores it.
    fn seal(&self, seed: &[u8; 32]) -> String;

    /// The seed that was stored as `stored`; the error says what may be wrong.
    fn unseal(&self, stored: &str) -> Result<[u8; 32], &'static str>;

    /// The tenant's entry, if this host caches it. An entry never changes.
    fn remembered(&self, _id: &TenantId) -> Option<TenantEntry> {
        None
    }

    fn remember(&self, _entry: &TenantEntry) {}
}

/// All tenants, for [`placed`].
pub fn tenants() -> Statement {
    let sql = "SELECT id, name, created_at, place FROM tenants ORDER BY created_at, id";
    Statement::new(sql, [])
}

/// Parses a row of [`tenants`]: the entry, and the place of the tenant's database on hosts that have places.
pub fn placed(row: Vec<Value>) -> Result<(TenantEntry, Option<String>), StoreError> {
    let mut columns = row.into_iter();
    let mut next = || columns.next().unwrap_or(Value::Null);
    let (id, name, created_at, place) = (next(), next(), next(), next());
    let id = tenant_id(&id)?;
    let (Value::Text(name), Value::Integer(created_at)) = (name, created_at) else {
        return Err(damaged("tenant", id.as_str()));
    };
    let entry = TenantEntry {
        id,
        name,
        created_at,
    };
    Ok((entry, place.into_text()))
}

/// Adds the tenant, unless it exists.
pub fn add_tenant(entry: &TenantEntry) -> Statement {
    let sql =
        "INSERT INTO tenants (id, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    let TenantEntry {
        id,
        name,
        created_at,
    } = entry;
    Statement::new(
        sql,
        [
            id.as_str().into(),
            name.as_str().into(),
            (*created_at).into(),
        ],
    )
}

/// Adds the tenant with its place; the constraint `tenants.place` refuses a place that another tenant has.
pub fn add_tenant_at(entry: &TenantEntry, place: &str) -> Statement {
    let sql = "INSERT INTO tenants (id, name, created_at, place) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = add_tenant(entry);
    statement.sql = sql.into();
    statement.params.push(place.into());
    statement
}

/// The place of the tenant's database, if it has one.
pub fn place(id: &TenantId) -> Statement {
    let sql = "SELECT place FROM tenants WHERE id = ?1 AND place IS NOT NULL";
    Statement::new(sql, [id.as_str().into()])
}

fn tenant(id: &TenantId) -> Statement {
    let sql = "SELECT id, name, created_at FROM tenants WHERE id = ?1";
    Statement::new(sql, [id.as_str().into()])
}

fn login(sql: &'static str, address: &str, tenant: &TenantId) -> Statement {
    Statement::new(sql, [address.into(), tenant.as_str().into()])
}

fn key(sql: &'static str, key: &SigningKey, seed: String) -> Statement {
    let (created_at, expires_at) = (key.created_at.into(), key.expires_at.into());
    let kid = key.kid.as_str().into();
    Statement::new(sql, [kid, seed.into(), created_at, expires_at])
}

fn key_of<D: DirectoryDatabase>(row: Vec<Value>, database: &D) -> Result<SigningKey, StoreError> {
    let mut columns = row.into_iter();
    let mut next = || columns.next().unwrap_or(Value::Null);
    let (kid, seed, created_at, expires_at) = (next(), next(), next(), next());
    let kid = kid.into_text().unwrap_or_default();
    let (Value::Text(seed), Value::Integer(created_at)) = (seed, created_at) else {
        return Err(damaged("signing key", &kid));
    };
    let seed = database
        .unseal(&seed)
        .map_err(|why| StoreError::Failed(format!("the signing key {kid} {why}")))?;
    Ok(SigningKey {
        kid,
        seed,
        created_at,
        expires_at: expires_at.as_i64(),
    })
}

fn tenant_id(column: &Value) -> Result<TenantId, StoreError> {
    let id = column.as_str().and_then(TenantId::parse);
    id.ok_or_else(|| StoreError::Failed(format!("{column:?} is no tenant's id")))
}

fn damaged(what: &str, id: &str) -> StoreError {
    StoreError::Failed(format!("the {what} {id} is damaged"))
}

fn done(commit: Commit) -> Result<(), StoreError> {
    match commit {
        Commit::Committed(_) => Ok(()),
        refused => Err(refusal(&refused)),
    }
}

/// The error for a commit that the directory refused.
pub fn refusal(commit: &Commit) -> StoreError {
    StoreError::Failed(format!("the directory refused: {commit:?}"))
}

impl<D: DirectoryDatabase> Directory for D {
    fn tenant<'a>(
        &'a self,
        id: &'a TenantId,
    ) -> Answer<'a, Result<Option<TenantEntry>, StoreError>> {
        Box::pin(async move {
            if let Some(entry) = self.remembered(id) {
                return Ok(Some(entry));
            }
            let Some(row) = self.read(tenant(id)).await?.into_iter().next() else {
                return Ok(None);
            };
            let (entry, _) = placed(row)?;
            self.remember(&entry);
            Ok(Some(entry))
        })
    }

    fn tenants(&self) -> Answer<'_, Result<Vec<TenantEntry>, StoreError>> {
        Box::pin(async move {
            let rows = self.read(tenants()).await?.into_iter();
            rows.map(|row| placed(row).map(|(entry, _)| entry))
                .collect()
        })
    }

    fn create_tenant<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
        self.create(entry)
    }

    fn tenants_of_login<'a>(
        &'a self,
        address: &'a str,
    ) -> Answer<'a, Result<Vec<TenantId>, StoreError>> {
        let sql = "SELECT tenant FROM logins WHERE address = ?1 ORDER BY place, tenant";
        Box::pin(async move {
            let rows = self.read(Statement::new(sql, [address.into()])).await?;
            rows.iter()
                .map(|row| tenant_id(row.first().unwrap_or(&Value::Null)))
                .collect()
        })
    }

    fn add_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO logins (address, tenant, place) \
                   SELECT ?1, ?2, coalesce(max(place), 0) + 1 FROM logins WHERE address = ?1 ON CONFLICT DO NOTHING";
        Box::pin(async move { done(self.commit(login(sql, address, tenant)).await?) })
    }

    fn remove_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "DELETE FROM logins WHERE address = ?1 AND tenant = ?2";
        Box::pin(async move { done(self.commit(login(sql, address, tenant)).await?) })
    }

    fn signing_keys(&self) -> Answer<'_, Result<Vec<SigningKey>, StoreError>> {
        let sql =
            "SELECT kid, seed, created_at, expires_at FROM signing_keys ORDER BY created_at, kid";
        Box::pin(async move {
            let rows = self.read(Statement::new(sql, [])).await?;
            rows.into_iter().map(|row| key_of(row, self)).collect()
        })
    }

    fn add_signing_key<'a>(&'a self, new: &'a SigningKey) -> Answer<'a, Result<(), StoreError>> {
        let sql =
            "INSERT INTO signing_keys (kid, seed, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)";
        Box::pin(async move { done(self.commit(key(sql, new, self.seal(&new.seed))).await?) })
    }

    fn add_first_signing_key<'a>(
        &'a self,
        new: &'a SigningKey,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO signing_keys (kid, seed, created_at, expires_at) SELECT ?1, ?2, ?3, ?4 \
                   WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE expires_at IS NULL)";
        Box::pin(async move { done(self.commit(key(sql, new, self.seal(&new.seed))).await?) })
    }

    fn expire_signing_key<'a>(
        &'a self,
        kid: &'a str,
        expires_at: i64,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "UPDATE signing_keys SET expires_at = ?2 WHERE kid = ?1";
        let statement = Statement::new(sql, [kid.into(), expires_at.into()]);
        Box::pin(async move { done(self.commit(statement).await?) })
    }
}
