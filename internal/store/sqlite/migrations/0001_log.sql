-- Ids are written as 16 bytes where they are UUIDs, as text otherwise. Times are
-- milliseconds since 1970. A conversation's number stands in the upper half of
-- its log's and turns' row ids, an event's number in the lower half.

CREATE TABLE settings (
	name  TEXT PRIMARY KEY,
	value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
	id      INTEGER PRIMARY KEY,
	tenant  TEXT NOT NULL,
	key     ANY NOT NULL,
	created INTEGER NOT NULL,
	fields  BLOB
) STRICT;
CREATE UNIQUE INDEX conversations_key ON conversations (tenant, key);
CREATE INDEX conversations_created ON conversations (tenant, created, key);

-- What changes with every message and turn, apart from the fields, which may be long.
CREATE TABLE heads (
	id           INTEGER PRIMARY KEY, -- the conversation's
	updated      INTEGER NOT NULL,
	next_slot    INTEGER NOT NULL,
	context_from INTEGER NOT NULL,
	epoch        INTEGER NOT NULL     -- restarts of the machine before its last event
) STRICT;

-- Short texts stand here, the others in texts.
CREATE TABLE log (
	id      INTEGER PRIMARY KEY, -- conversation << 32 | number
	kind    INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	turn    ANY,                 -- the number of the event that opened it, or its id
	origin  ANY,                 -- 0: that of the event that opened the turn
	message ANY,
	data    BLOB,
	deltas  BLOB,                -- the numbers, sizes and times of the deltas that text is made of
	text    TEXT,
	text_id INTEGER
) STRICT;

-- Texts in the order of their writing. Among the rows of a log, whose place is
-- between others, they would leave a third of every page empty.
CREATE TABLE texts (
	id   INTEGER PRIMARY KEY,
	text ANY NOT NULL -- bytes: its size, and itself deflated
) STRICT;

-- The deltas of messages that have not ended, in the order of writing, and for a
-- while those of messages that have: those count no more.
CREATE TABLE open_deltas (
	id           INTEGER PRIMARY KEY,
	conversation INTEGER NOT NULL,
	seq          INTEGER NOT NULL,
	at           INTEGER NOT NULL,
	message      ANY NOT NULL,
	turn         ANY,
	origin       ANY,
	type         TEXT NOT NULL,
	text         TEXT NOT NULL
) STRICT;

-- Fields and text are in the log: in the message's first event, or where a later
-- one changed them, in that.
CREATE TABLE messages (
	conversation INTEGER NOT NULL,
	key          ANY NOT NULL,
	seq          INTEGER NOT NULL, -- of the event that gave or ended it
	place        INTEGER NOT NULL,
	type         TEXT NOT NULL,
	changes      BLOB,             -- numbers of the events that changed it
	text_seq     INTEGER,          -- of the one that last changed the text
	PRIMARY KEY (conversation, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_place ON messages (conversation, place);

-- Who asked, when and through what is in the log, under the same id.
CREATE TABLE turns (
	id           INTEGER PRIMARY KEY, -- conversation << 32 | number of the event that opened it
	conversation INTEGER NOT NULL,
	key          ANY NOT NULL,
	state        INTEGER NOT NULL,    -- 4 = ended
	slot         INTEGER NOT NULL,
	next         INTEGER NOT NULL,
	context_from INTEGER NOT NULL,
	reason       TEXT,
	failure      BLOB,
	input        INTEGER NOT NULL,
	cached       INTEGER NOT NULL,
	reasoning    INTEGER NOT NULL,
	output       INTEGER NOT NULL,
	estimated    INTEGER NOT NULL,
	started      INTEGER,
	ended        INTEGER
) STRICT;
CREATE UNIQUE INDEX turns_key ON turns (conversation, key);
CREATE INDEX turns_slot ON turns (conversation, slot) WHERE slot > 0;
CREATE INDEX turns_open ON turns (conversation) WHERE state < 4;

CREATE TABLE tokens (
	tenant       TEXT NOT NULL,
	id           ANY NOT NULL,
	hash         BLOB NOT NULL UNIQUE,
	name         TEXT NOT NULL,
	source       TEXT NOT NULL,
	conversation ANY,
	created      INTEGER NOT NULL,
	expires      INTEGER,
	revoked      INTEGER,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_conversation ON tokens (tenant, conversation) WHERE conversation IS NOT NULL;
CREATE INDEX tokens_expires ON tokens (expires) WHERE source IN ('session', 'console') AND expires IS NOT NULL;
CREATE INDEX tokens_listed ON tokens (tenant, created, id) WHERE source <> 'session';

CREATE TABLE requests (
	id           BLOB PRIMARY KEY,
	keyed        INTEGER NOT NULL,
	body         BLOB NOT NULL,
	attempt      ANY,
	tenant       TEXT NOT NULL,
	conversation ANY,
	turn         ANY,
	answer       BLOB,
	created      INTEGER NOT NULL,
	written      INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_created ON requests (keyed, created);
