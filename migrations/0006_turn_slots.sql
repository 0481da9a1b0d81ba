-- Room for turns: one row per turn that may be open at once. A turn takes a free row when it opens and frees
-- it when it closes, so that the limit holds without anybody waiting for anybody else's commit.

CREATE TABLE turn_slots (
    n       integer PRIMARY KEY CHECK (0 < n),
    turn_id uuid    UNIQUE
);

COMMENT ON TABLE turn_slots IS 'Room for turns: a turn takes a row when it opens and frees it when it closes.';
COMMENT ON COLUMN turn_slots.n IS 'From 1; rows above the limit of turns that may be open at once are not taken.';
COMMENT ON COLUMN turn_slots.turn_id IS 'The open turn that has it; null is free.';

INSERT INTO turn_slots (n, turn_id)
SELECT row_number() OVER (ORDER BY started_at, id), id FROM turns WHERE finished_at IS NULL;
