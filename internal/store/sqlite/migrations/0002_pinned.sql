-- The messages that count in a prompt however long ago they were. They are few, and
-- a conversation of ten thousand is not read through to find them.
CREATE INDEX messages_pinned ON messages (conversation, place) WHERE type IN ('backstory', 'instruction', 'checkpoint');
