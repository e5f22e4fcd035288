-- folding: the revision of the folding that the keys of the records and their search words are of (records::fold).
-- refolded: the number of the last record that was folded anew, while records are.
ALTER TABLE meta ADD COLUMN folding INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN refolded INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET folding = 1 WHERE NOT EXISTS (SELECT 1 FROM records);

-- 0, or the record's own number where one of its unique texts became that of another record when it was folded anew. It
-- is the last column of unique indexes over texts.
ALTER TABLE records ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
