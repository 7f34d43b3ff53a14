-- The ids that clients chose, and what they name.
CREATE TABLE aliases (
	conversation INTEGER NOT NULL,
	turn         ANY NOT NULL,  -- of a message: the id of its turn, '' = none; 0 = the alias is that of a turn
	alias        TEXT NOT NULL,
	key          ANY NOT NULL,  -- the id of the turn or message
	PRIMARY KEY (conversation, turn, alias)
) STRICT, WITHOUT ROWID;

-- By what owners list their conversations, apart from what changes with every event.
CREATE TABLE agendas (
	id     INTEGER PRIMARY KEY, -- the conversation's
	tenant TEXT,                -- NULL for hidden ones, which are in no list
	owner  ANY NOT NULL,        -- '' = none
	active INTEGER NOT NULL,
	key    ANY NOT NULL,
	bot    ANY
) STRICT;
INSERT INTO agendas (id, tenant, owner, active, key, bot)
SELECT c.id, iif(c.channel IS NULL, c.tenant, NULL), '', coalesce(
	(SELECT l.at FROM log l WHERE l.id > c.id << 32 AND l.id <= c.id << 32 | 0xffffffff AND l.kind IN (4, 8) ORDER BY l.id DESC LIMIT 1),
	c.created), c.key, c.bot
FROM conversations c;
-- Those of one bot are found in the index, without a look at the others.
CREATE INDEX agendas_active ON agendas (tenant, owner, active, key, bot) WHERE tenant IS NOT NULL;

-- The number of the last vote on a turn.
ALTER TABLE turns ADD COLUMN rated INTEGER;
