-- place: in which order the tenants got the address, from 1. Those that had it before this was counted come first.
ALTER TABLE logins ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
