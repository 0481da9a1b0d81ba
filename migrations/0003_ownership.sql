-- Several control planes on one database: who is there, and who runs which actors.

CREATE FUNCTION shard_of(id uuid) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN get_byte(uuid_send(id), 15)::smallint;

ALTER TABLE actors ADD COLUMN shard smallint NOT NULL GENERATED ALWAYS AS (shard_of(id)) STORED;
COMMENT ON COLUMN actors.shard IS 'Which of the 256 shards it belongs to: the last byte of its id.';

DROP INDEX actors_due;
CREATE INDEX actors_due ON actors (wake_at, shard) WHERE wake_at IS NOT NULL AND quarantined_at IS NULL;

CREATE TABLE replicas (
    id          uuid        PRIMARY KEY,
    url         text        NOT NULL,
    role        text        NOT NULL CHECK (role IN ('all', 'gateway', 'actors')),
    started_at  timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    stopping    boolean     NOT NULL DEFAULT false,
    listening   boolean     NOT NULL DEFAULT false
);

COMMENT ON TABLE replicas IS 'Control planes that work on this database. A row whose lease is over is never renewed: whoever comes back takes a new one.';
COMMENT ON COLUMN replicas.id IS 'Its identity, new with every start and after every lost lease.';
COMMENT ON COLUMN replicas.url IS 'Where runners and other replicas reach it.';
COMMENT ON COLUMN replicas.role IS 'all; gateway: serves people and runs no actors; actors: runs actors and serves their runners.';
COMMENT ON COLUMN replicas.started_at IS 'Since when, by the clock of the database.';
COMMENT ON COLUMN replicas.lease_until IS 'Until when it may act, by the clock of the database; it renews this, and this alone, again and again.';
COMMENT ON COLUMN replicas.stopping IS 'Whether it is about to leave and takes no shards.';
COMMENT ON COLUMN replicas.listening IS 'Whether somebody follows a live stream there, so that others hint at what happens.';

CREATE TABLE shards (
    shard smallint    PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    owner uuid,
    epoch bigint      NOT NULL DEFAULT 0,
    since timestamptz NOT NULL
);
CREATE INDEX shards_of_owner ON shards (owner);
INSERT INTO shards (shard, since) SELECT number, clock_timestamp() FROM generate_series(0, 255) AS number;

COMMENT ON TABLE shards IS 'Who runs the actors of each shard. Rows change only at hand-over; every write of an actor holds its shard''s row against that.';
COMMENT ON COLUMN shards.shard IS 'Which.';
COMMENT ON COLUMN shards.owner IS 'The replica that runs its actors; null while nobody does.';
COMMENT ON COLUMN shards.epoch IS 'Grows with every new owner; a write under an older one is refused.';
COMMENT ON COLUMN shards.since IS 'Since when it is so.';
