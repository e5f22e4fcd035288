-- place: where the tenant's data lies, for hosts that have more than one place (the name of a D1 binding).
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  place TEXT UNIQUE
) WITHOUT ROWID;

-- Folded login addresses.
CREATE TABLE logins (address TEXT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (address, tenant)) WITHOUT ROWID;

-- seed: 64 hexadecimal digits, or what the host seals them to.
CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  seed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;
