-- Where a stored answer holds what its commit gave out: JSON, the byte offsets in the body and in each header. NULL in rows
-- of an older program, which marked these places by the digits of prefix.
ALTER TABLE idempotency ADD COLUMN places TEXT;
