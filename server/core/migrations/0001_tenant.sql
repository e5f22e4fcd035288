-- One row: the tenant's counters. base is the first sequence number of the running commit.
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL DEFAULT 0,
  base INTEGER NOT NULL DEFAULT 0,
  schema_rev INTEGER NOT NULL DEFAULT 1,
  access_rev INTEGER NOT NULL DEFAULT 1,
  secret TEXT NOT NULL DEFAULT (lower(hex(randomblob(32))))
);
INSERT INTO meta (id) VALUES (1);

-- A guard that fails inserts 0 here and so violates the constraint; nothing ever stays in it.
CREATE TABLE guard (ok INTEGER NOT NULL CONSTRAINT stale CHECK (ok));

-- The tenant's own object types and fields; the built-in ones come with the program.
CREATE TABLE object_types (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  definition TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);
-- slot: n where key_n of records holds the field's sort value.
CREATE TABLE fields (
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  definition TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  slot INTEGER,
  PRIMARY KEY (type, name)
);

-- data: the visible values as JSON. keys: folded sort keys of texts where they differ from the value, points on the sphere.
-- field_versions: per field the sequence number of its last change, where it is not the record's first.
-- created_by, updated_by: the kind of the caller, a colon, and its id.
-- key_0 and so on: the sort values of indexed fields; which field's, each type says for itself (fields.slot). From key_12
-- on: of fields that only an index over several holds. They have no type, so that a text of digits stays a text.
CREATE TABLE records (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  version INTEGER NOT NULL,
  data TEXT NOT NULL,
  keys TEXT NOT NULL DEFAULT '{}',
  first_version INTEGER NOT NULL,
  field_versions TEXT NOT NULL DEFAULT '{}',
  content_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  deleted_at INTEGER,
  key_0, key_1, key_2, key_3, key_4, key_5, key_6, key_7,
  key_8, key_9, key_10, key_11, key_12, key_13, key_14, key_15
);

-- Lists by a column of the record's own. One index for all types: every index of the table costs each write. The condition
-- on first_version always holds; it is there so that only a list that states it is planned over the index: without
-- statistics the planner would take any index that begins with the type before the one that has the order asked for. It
-- is over a column that never changes, since an update touches every index whose columns or condition it sets.
CREATE INDEX records_by_id ON records (type, id) WHERE first_version > -1;
CREATE INDEX records_by_created_at ON records (type, created_at, id) WHERE first_version > -2 AND deleted_at IS NULL;
CREATE INDEX records_by_updated_at ON records (type, updated_at, id) WHERE first_version > -3 AND deleted_at IS NULL;

-- Lists by a field: types share these indexes, so that a write costs what its own type has indexed, however many types
-- there are. A record is in those whose column its type uses.
CREATE INDEX records_by_key_0 ON records (type, key_0, id) WHERE key_0 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_1 ON records (type, key_1, id) WHERE key_1 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_2 ON records (type, key_2, id) WHERE key_2 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_3 ON records (type, key_3, id) WHERE key_3 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_4 ON records (type, key_4, id) WHERE key_4 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_5 ON records (type, key_5, id) WHERE key_5 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_6 ON records (type, key_6, id) WHERE key_6 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_7 ON records (type, key_7, id) WHERE key_7 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_8 ON records (type, key_8, id) WHERE key_8 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_9 ON records (type, key_9, id) WHERE key_9 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_10 ON records (type, key_10, id) WHERE key_10 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_by_key_11 ON records (type, key_11, id) WHERE key_11 IS NOT NULL AND deleted_at IS NULL;

-- The folded words that records are found by.
CREATE TABLE words (
  word TEXT NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (word, record)
) WITHOUT ROWID;

-- The change log: history, audit, sync, events, webhooks and automations read it. fields: new values; before: old values.
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY,
  record_id TEXT NOT NULL,
  type TEXT NOT NULL,
  op TEXT NOT NULL,
  fields TEXT NOT NULL,
  before TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL
);
CREATE INDEX changes_of_record ON changes (record_id, seq);

-- Gapless numbers of documents and auto_number fields.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);

-- Answers of writes, kept for 24 hours. prefix marks the placeholders of versions and numbers; base and counters are what they stand for.
CREATE TABLE idempotency (
  key_hash TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body TEXT NOT NULL,
  prefix INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  base INTEGER NOT NULL,
  counters TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- login: the email address folded, by which a person signs in. profile: title, phone, manager, attributes.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  email TEXT NOT NULL,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  status TEXT NOT NULL,
  external_id TEXT,
  profile TEXT NOT NULL DEFAULT '{}',
  password_hash TEXT,
  content_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX users_by_age ON users (created_at, id);
CREATE UNIQUE INDEX users_login ON users (login);
CREATE UNIQUE INDEX users_external_id ON users (external_id) WHERE external_id IS NOT NULL;

-- A session is a refresh family: of a person (user), a customer (portal) or an API key's exchange has none.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  refresh_hash TEXT NOT NULL,
  previous_hash TEXT,
  -- The successor, sealed under the previous refresh token, so that a repeat within 60 s gets the same answer.
  successor TEXT,
  rotated_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
);
CREATE INDEX sessions_of_subject ON sessions (subject);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
);

-- One-time sign-in codes of customers.
CREATE TABLE portal_codes (
  code_hash TEXT PRIMARY KEY,
  contact_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
);
