-- Socket sessions: what lets clients go on after a loss of their connection.
CREATE TABLE sockets (
	id     ANY     NOT NULL PRIMARY KEY,
	tenant TEXT    NOT NULL,
	owner  TEXT    NOT NULL,
	seen   INTEGER NOT NULL, -- Unix milliseconds
	state  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sockets_seen ON sockets (seen);
