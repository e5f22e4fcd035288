CREATE TABLE tenants (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;

-- Folded login addresses.
CREATE TABLE logins (address TEXT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (address, tenant)) WITHOUT ROWID;

-- seed: 64 hexadecimal digits.
CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  seed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;
