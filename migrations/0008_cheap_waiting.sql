-- The sweep looks after mail whose hint was lost. Whoever cannot act on mail (paused, disabled, held, in the
-- queue for room) is told by time or by a person, and costs the sweep nothing.

ALTER TABLE actors ADD COLUMN heeds_mail boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN actors.heeds_mail IS 'Whether mail may end its wait; false while only time or a person can.';

DROP INDEX actors_with_mail;
CREATE INDEX actors_with_mail ON actors (shard, kind, id)
    WHERE 0 < inbox_waking AND heeds_mail AND quarantined_at IS NULL;

-- What a turn holds is found by the turn, however many turns are open; the metrics still count by class.
DROP INDEX messages_assigned;
CREATE INDEX messages_assigned ON messages (turn_id, class) WHERE state = 'assigned';
