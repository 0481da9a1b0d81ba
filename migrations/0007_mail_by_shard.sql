-- A replica looks for mail in the shards it has gained, and in those it owns.

DROP INDEX actors_with_mail;
CREATE INDEX actors_with_mail ON actors (shard, kind, id)
    WHERE 0 < inbox_waking AND quarantined_at IS NULL;
