-- A page of a history finds all that it needs of the messages in the index, which
-- spares it a look-up for each of them.
DROP INDEX messages_place;
CREATE INDEX messages_place ON messages (conversation, place, seq, type, changes, text_seq);
DROP INDEX messages_pinned;
CREATE INDEX messages_pinned ON messages (conversation, place, seq, type, changes, text_seq)
	WHERE type IN ('backstory', 'instruction', 'checkpoint');
