-- The calls of a turn that were requested and have not ended: of each the number
-- of its request, counted from the turn's own, and when it was started, as
-- varints. What was asked is in the log alone, so that it is erased in one place.
ALTER TABLE turns ADD COLUMN calls BLOB;
ALTER TABLE turns ADD COLUMN reruns INTEGER NOT NULL DEFAULT 0;

-- What turns that have not ended were given beside their messages, encrypted.
CREATE TABLE inputs (
	id     INTEGER PRIMARY KEY, -- the turn's
	sealed BLOB NOT NULL
) STRICT;

-- Set on hidden conversations, as in their fields: they are in no list.
ALTER TABLE conversations ADD COLUMN channel TEXT;
DROP INDEX conversations_created;
CREATE INDEX conversations_listed ON conversations (tenant, created, key) WHERE channel IS NULL;
