-- What a tenant configures: bots, skillsets, abilities, secrets, and votes on bots.
CREATE TABLE objects (
	id       INTEGER PRIMARY KEY,
	tenant   TEXT NOT NULL,
	kind     TEXT NOT NULL,
	key      ANY NOT NULL,
	parent   ANY NOT NULL,     -- the key of what it belongs to, of the kind that the kind says; '' = nothing
	alias    TEXT,
	name     TEXT,
	number   INTEGER,
	unlisted INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	meta     BLOB,
	fields   BLOB,
	sealed   BLOB              -- a secret's value, encrypted
) STRICT;
CREATE UNIQUE INDEX objects_key ON objects (tenant, kind, key);
CREATE UNIQUE INDEX objects_alias ON objects (tenant, kind, alias) WHERE alias IS NOT NULL;
CREATE UNIQUE INDEX objects_number ON objects (tenant, kind, number) WHERE number IS NOT NULL;
CREATE INDEX objects_listed ON objects (tenant, kind, parent, created, key);
CREATE INDEX objects_name ON objects (tenant, kind, parent, name, created, key) WHERE name IS NOT NULL;

-- The highest number that an object of a kind ever had: none is given twice.
CREATE TABLE object_numbers (
	tenant TEXT NOT NULL,
	kind   TEXT NOT NULL,
	last   INTEGER NOT NULL,
	PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;

-- The bot of a conversation, which its fields name, too.
ALTER TABLE conversations ADD COLUMN bot ANY;
CREATE INDEX conversations_bot ON conversations (tenant, bot) WHERE bot IS NOT NULL;
