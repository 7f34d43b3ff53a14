-- Channels that have messages. A channel begins above the highest number of those
-- that were pruned away, which stands among the settings, so that no number is
-- given twice.
CREATE TABLE channels (
	id     INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	name   TEXT NOT NULL,
	start  INTEGER NOT NULL, -- the number before that of its first message
	last   INTEGER NOT NULL, -- the number of its last message
	count  INTEGER NOT NULL, -- of the messages that are kept
	bytes  INTEGER NOT NULL, -- of their texts
	oldest INTEGER NOT NULL  -- when the first of them was published
) STRICT;
CREATE UNIQUE INDEX channels_name ON channels (tenant, name);
CREATE INDEX channels_oldest ON channels (oldest);

CREATE TABLE channel_messages (
	channel INTEGER NOT NULL,
	seq     INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	message TEXT NOT NULL,
	PRIMARY KEY (channel, seq)
) STRICT, WITHOUT ROWID;

-- Turns whose events are read on a channel.
CREATE TABLE dispatches (
	tenant       TEXT NOT NULL,
	channel      TEXT NOT NULL,
	conversation ANY NOT NULL,
	turn         ANY NOT NULL,
	hidden       INTEGER NOT NULL, -- the conversation goes with the channel
	body         BLOB NOT NULL,    -- the hash of what was asked for
	created      INTEGER NOT NULL,
	PRIMARY KEY (tenant, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX dispatches_conversation ON dispatches (tenant, conversation);
CREATE INDEX dispatches_hidden ON dispatches (created) WHERE hidden;
