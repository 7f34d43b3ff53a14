-- The application that holds a secret; rotated secrets of one keep its users.
ALTER TABLE tokens ADD COLUMN app TEXT NOT NULL DEFAULT 'default';

-- The users of the built-in identity provider.
CREATE TABLE users (
	tenant   TEXT NOT NULL,
	id       ANY NOT NULL,
	name     TEXT NOT NULL,
	handle   TEXT NOT NULL,       -- the name without case
	email    TEXT NOT NULL,
	password TEXT NOT NULL,       -- its hash, with salt and parameters
	created  INTEGER NOT NULL,
	changed  INTEGER NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_handle ON users (tenant, handle);

-- The keys with which it signs tokens.
CREATE TABLE signing_keys (
	row     INTEGER PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	sealed  BLOB NOT NULL
) STRICT;

-- What refresh tokens stand for. The tokens themselves are made of the id and the
-- generation with a key that is sealed, and stand nowhere.
CREATE TABLE sign_ins (
	id         ANY PRIMARY KEY,
	tenant     TEXT NOT NULL,
	user       ANY NOT NULL,
	client     TEXT NOT NULL,
	scope      TEXT NOT NULL,
	stamp      TEXT NOT NULL,     -- of the password that it was made with
	generation INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	renewed    INTEGER NOT NULL,
	expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_user ON sign_ins (tenant, user);
CREATE INDEX sign_ins_expires ON sign_ins (expires);
