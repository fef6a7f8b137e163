-- Where a request or a response was last kept, so that `keep` finds those that are older than it says. NULL: an answer,
-- words of a scorer, or something of before; it stays.
ALTER TABLE blob ADD COLUMN body_seq INT;
CREATE INDEX blob_body ON blob(body_seq) WHERE body_seq IS NOT NULL;
