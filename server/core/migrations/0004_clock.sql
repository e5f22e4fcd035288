-- How the tenant's clock went (work/settled.rs), epoch ms: when it was last looked at, since when it has gone steadily, and
-- when the steady time before that began.
ALTER TABLE meta ADD COLUMN clock_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN clock_began INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN clock_before INTEGER NOT NULL DEFAULT 0;
