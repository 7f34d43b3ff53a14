-- What users say of themselves, and what they chose.
CREATE TABLE profiles (
	tenant  TEXT NOT NULL,
	user    ANY NOT NULL, -- '' = the tenant's service user
	data    BLOB NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;

-- Files that were brought to conversations.
CREATE TABLE files (
	id           INTEGER PRIMARY KEY,
	key          ANY NOT NULL,
	tenant       TEXT NOT NULL,
	conversation ANY NOT NULL,
	name         TEXT NOT NULL,
	media_type   TEXT NOT NULL,
	size         INTEGER NOT NULL,
	upload       ANY,              -- of its content, if it has any
	uses         INTEGER NOT NULL, -- parts of messages that it is
	created      INTEGER NOT NULL,
	stored       INTEGER           -- when its content came
) STRICT;
CREATE UNIQUE INDEX files_key ON files (key);
CREATE INDEX files_conversation ON files (tenant, conversation);
CREATE INDEX files_upload ON files (upload) WHERE upload IS NOT NULL;
CREATE INDEX files_unused ON files (created) WHERE uses = 0;

CREATE TABLE file_pieces (
	id     INTEGER PRIMARY KEY,
	upload ANY NOT NULL,
	n      INTEGER NOT NULL, -- from 0
	at     INTEGER NOT NULL,
	data   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX file_pieces_upload ON file_pieces (upload, n);
