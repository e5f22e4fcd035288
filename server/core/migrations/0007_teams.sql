-- A tree of teams. members, leads: JSON arrays of the ids of users.
CREATE TABLE teams (
  id TEXT PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  parent TEXT,
  members TEXT NOT NULL,
  leads TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX teams_by_added ON teams (created_at, id);
CREATE INDEX teams_by_parent ON teams (parent);
