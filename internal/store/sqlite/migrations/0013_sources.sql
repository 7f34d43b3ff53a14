-- The last number that a source of a conversation got.
ALTER TABLE heads ADD COLUMN sources INTEGER NOT NULL DEFAULT 0;
