-- Votes are read by their conversation: those of a contact are the votes in its
-- conversations.
CREATE INDEX log_votes ON log (id >> 32, at) WHERE kind = 17;
