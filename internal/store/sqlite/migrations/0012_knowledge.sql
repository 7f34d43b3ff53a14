-- What of objects is looked for: the upload that is a file's content, files that
-- everybody may read, files of datasets whose work has not ended, and contacts.
ALTER TABLE objects ADD COLUMN upload ANY;
ALTER TABLE objects ADD COLUMN public INTEGER;
ALTER TABLE objects ADD COLUMN open INTEGER;
ALTER TABLE objects ADD COLUMN email TEXT;
ALTER TABLE objects ADD COLUMN phone TEXT;
CREATE INDEX objects_upload ON objects (upload) WHERE upload IS NOT NULL;
CREATE INDEX objects_public ON objects (key) WHERE public IS NOT NULL;
CREATE INDEX objects_open ON objects (tenant, key) WHERE open IS NOT NULL;
CREATE INDEX objects_email ON objects (tenant, kind, email, created, key) WHERE email IS NOT NULL;
CREATE INDEX objects_phone ON objects (tenant, kind, phone, created, key) WHERE phone IS NOT NULL;

-- The contact of a conversation, which its fields name, too.
ALTER TABLE conversations ADD COLUMN contact ANY;
UPDATE conversations SET contact = (
	SELECT CASE
		WHEN c GLOB '????????-????-????-????-????????????' AND c = lower(c) AND length(unhex(replace(c, '-', ''))) = 16
		THEN unhex(replace(c, '-', '')) ELSE c END
	FROM (SELECT CAST(fields AS TEXT) ->> '$.c' AS c))
WHERE CASE WHEN json_valid(CAST(fields AS TEXT)) THEN CAST(fields AS TEXT) ->> '$.c' <> '' END;
CREATE INDEX conversations_contact ON conversations (tenant, contact, created, key) WHERE contact IS NOT NULL;

-- The records of a dataset. No number of one is given twice, and the numbers of its
-- changes begin above that number << 32.
CREATE TABLE collections (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant    TEXT NOT NULL,
	dataset   ANY,              -- NULL = it is gone, and what is below goes in small steps
	change    INTEGER NOT NULL, -- the number of the last one
	forgotten INTEGER NOT NULL, -- up to here rows of records that are gone may be missing
	records   INTEGER NOT NULL,
	bytes     INTEGER NOT NULL  -- of their texts
) STRICT;
CREATE UNIQUE INDEX collections_dataset ON collections (tenant, dataset) WHERE dataset IS NOT NULL;
CREATE INDEX collections_gone ON collections (id) WHERE dataset IS NULL;

CREATE TABLE records (
	id         INTEGER PRIMARY KEY,
	collection INTEGER NOT NULL,
	key        ANY NOT NULL,
	change     INTEGER NOT NULL,
	created    INTEGER,          -- NULL = the record is gone
	updated    INTEGER,
	size       INTEGER NOT NULL, -- of the text
	file       ANY,
	upload     ANY,
	contact    ANY,
	bot        ANY,
	meta       BLOB,
	fields     BLOB,
	text       ANY               -- bytes: its size, and itself deflated
) STRICT;
CREATE UNIQUE INDEX records_key ON records (collection, key);
CREATE UNIQUE INDEX records_change ON records (collection, change);
CREATE INDEX records_created ON records (collection, created, key) WHERE created IS NOT NULL;
CREATE INDEX records_file ON records (collection, file, created, key) WHERE file IS NOT NULL;
CREATE INDEX records_contact ON records (collection, contact, created, key) WHERE contact IS NOT NULL;
CREATE INDEX records_bot ON records (collection, bot, created, key) WHERE bot IS NOT NULL;
CREATE INDEX records_gone ON records (collection, change) WHERE created IS NULL;

-- Where vectors can be compared.
CREATE TABLE spaces (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	collection INTEGER NOT NULL,
	name       TEXT,             -- NULL = it is gone, and its vectors go in small steps
	length     INTEGER NOT NULL  -- how many values its vectors have
) STRICT;
CREATE UNIQUE INDEX spaces_name ON spaces (collection, name);
CREATE INDEX spaces_gone ON spaces (id) WHERE name IS NULL;

-- A vector belongs to the record that has its change. There is no other of an earlier
-- text of it.
CREATE TABLE vectors (
	id     INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order in which they were stored
	space  INTEGER NOT NULL,
	change INTEGER NOT NULL,
	data   BLOB NOT NULL -- 32-bit floats, little endian
) STRICT;
CREATE UNIQUE INDEX vectors_change ON vectors (space, change);
CREATE INDEX vectors_stored ON vectors (space, id);

-- Parts of indexes of records, which can be made again.
CREATE TABLE segments (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	collection INTEGER NOT NULL,
	name       TEXT NOT NULL,    -- of the index
	key        ANY,              -- NULL = it is not complete, or gone
	first      INTEGER NOT NULL, -- it holds the changes above this one
	last       INTEGER NOT NULL, -- and up to this one
	size       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX segments_key ON segments (collection, name, key) WHERE key IS NOT NULL;
CREATE INDEX segments_gone ON segments (id) WHERE key IS NULL;

CREATE TABLE segment_pieces (
	id   INTEGER PRIMARY KEY, -- segment << 20 | number, from 0
	data BLOB NOT NULL
) STRICT;

-- What stands behind the placeholders of conversations, encrypted.
CREATE TABLE vaults (
	id           INTEGER PRIMARY KEY,
	conversation INTEGER NOT NULL,
	sealed       BLOB NOT NULL
) STRICT;
CREATE INDEX vaults_conversation ON vaults (conversation);

-- What was used on a day.
CREATE TABLE spent (
	tenant        TEXT NOT NULL,
	day           INTEGER NOT NULL, -- since 1970
	bot           ANY NOT NULL,     -- '' = none
	model         TEXT NOT NULL,
	tokens        INTEGER NOT NULL,
	conversations INTEGER NOT NULL,
	messages      INTEGER NOT NULL,
	PRIMARY KEY (tenant, day, bot, model)
) STRICT, WITHOUT ROWID;

-- Event logs. The numbers of entries are not given again.
CREATE TABLE journals (
	tenant TEXT PRIMARY KEY,
	last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
	tenant TEXT NOT NULL,
	n      INTEGER NOT NULL,
	key    ANY NOT NULL,
	at     INTEGER NOT NULL,
	type   TEXT NOT NULL,
	ids    BLOB,
	PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_at ON journal (at);
