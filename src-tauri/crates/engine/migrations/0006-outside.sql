-- What a release found live where this history never saw that version: put there by somebody else, or by a history that
-- was lost. NULL where from_version says it, or nothing was live.
ALTER TABLE release ADD COLUMN from_outside BLOB;
