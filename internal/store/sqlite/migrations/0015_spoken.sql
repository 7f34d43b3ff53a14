-- The message that a file says, and by which it counts as used.
ALTER TABLE files ADD COLUMN message ANY;
