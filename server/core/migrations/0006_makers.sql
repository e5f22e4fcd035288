-- maker: the person whose rights bound what a key gives: the one who made it, or who made the key that it was made with, and
-- so on; 'system:' where that is the command line. A key of which nobody wrote it down gives nothing.
ALTER TABLE api_keys ADD COLUMN maker TEXT;
UPDATE api_keys SET maker = CASE WHEN first.made_by LIKE 'user:%' THEN substr(first.made_by, 6) ELSE 'system:' END FROM (
  WITH RECURSIVE up (id, made_by) AS (
    SELECT id, created_by FROM api_keys
    UNION
    SELECT up.id, k.created_by FROM up JOIN api_keys k ON k.id = substr(up.made_by, 5) WHERE up.made_by LIKE 'key:%'
  )
  SELECT id, made_by FROM up WHERE made_by LIKE 'user:%' OR made_by = 'system'
) first WHERE first.id = api_keys.id;
CREATE INDEX api_keys_of_maker ON api_keys (maker);
