-- What a chart says of a verdict and of its criteria, beside their records: read for thousands at once. Rows of
-- before have none of it, and are read from their records.
ALTER TABLE verdict ADD COLUMN heard INT;
ALTER TABLE verdict ADD COLUMN heard_max INT;
ALTER TABLE verdict ADD COLUMN told INT;
ALTER TABLE verdict ADD COLUMN passed INT;
ALTER TABLE verdict ADD COLUMN headline TEXT;
ALTER TABLE criterion_verdict ADD COLUMN name TEXT;
ALTER TABLE criterion_verdict ADD COLUMN heard INT;
ALTER TABLE criterion_verdict ADD COLUMN heard_max INT;
ALTER TABLE criterion_verdict ADD COLUMN told INT;
ALTER TABLE criterion_verdict ADD COLUMN passed INT;
CREATE TRIGGER verdict_line_stays BEFORE UPDATE OF heard, heard_max, told, passed, headline ON verdict BEGIN SELECT RAISE(ABORT, 'a verdict stays as given'); END;
CREATE TRIGGER criterion_verdict_stays BEFORE UPDATE ON criterion_verdict BEGIN SELECT RAISE(ABORT, 'a verdict stays as given'); END;
