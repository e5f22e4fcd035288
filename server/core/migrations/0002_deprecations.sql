-- When a request was last made with the key; written down once a minute at most.
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;

-- Who used what is going away. deprecation: `v`, the API's version, and the JSON pointer of the thing. principal: the kind
-- of the caller, a colon, and its id.
CREATE TABLE deprecation_uses (
  deprecation TEXT NOT NULL,
  principal TEXT NOT NULL,
  times INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (deprecation, principal)
) WITHOUT ROWID;
CREATE INDEX deprecation_uses_by_age ON deprecation_uses (first_at, deprecation, principal);

-- The same by day (days since the epoch), for the latest days.
CREATE TABLE deprecation_days (
  deprecation TEXT NOT NULL,
  principal TEXT NOT NULL,
  day INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (deprecation, principal, day)
) WITHOUT ROWID;

-- The entries of the change log about what is going away. due: the time from which the notice was to be given; a sunset
-- that moves is a notice anew.
CREATE TABLE deprecation_notices (
  deprecation TEXT NOT NULL,
  kind TEXT NOT NULL,
  due INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (deprecation, kind, due)
) WITHOUT ROWID;
