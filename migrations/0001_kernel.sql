-- The engine: one row per actor, its mail, the runs it started, and what happened, in order.

CREATE TABLE actors (
    kind              text        NOT NULL,
    id                uuid        NOT NULL,
    epoch             bigint      NOT NULL DEFAULT 0,
    version           bigint      NOT NULL DEFAULT 0,
    inbox_pending     integer     NOT NULL DEFAULT 0 CHECK (0 <= inbox_pending),
    wake_at           timestamptz,
    wait_reason       text        NOT NULL DEFAULT 'just created',
    wait_holder       text        NOT NULL DEFAULT 'the control plane',
    decisions         jsonb       NOT NULL DEFAULT '[]',
    quarantined_at    timestamptz,
    quarantine_reason text,
    PRIMARY KEY (kind, id)
);
CREATE INDEX actors_due ON actors (wake_at) WHERE wake_at IS NOT NULL AND quarantined_at IS NULL;
CREATE INDEX actors_with_mail ON actors (kind, id) WHERE 0 < inbox_pending AND quarantined_at IS NULL;

COMMENT ON TABLE actors IS 'One row per actor: what the engine needs to wake it, guard its writes and explain its waiting.';
COMMENT ON COLUMN actors.kind IS 'What it is: agent.';
COMMENT ON COLUMN actors.id IS 'Which one; the same id as in the table of its kind.';
COMMENT ON COLUMN actors.epoch IS 'Its incarnation: grows whenever a turn opens or is ended by force. Reports of another epoch are refused.';
COMMENT ON COLUMN actors.version IS 'Grows with every step; a step writes only on the version it has read.';
COMMENT ON COLUMN actors.inbox_pending IS 'Messages in state pending; kept by the statements that change them.';
COMMENT ON COLUMN actors.wake_at IS 'When it looks again by itself; null where only mail or a person can wake it.';
COMMENT ON COLUMN actors.wait_reason IS 'What it waits for, in words.';
COMMENT ON COLUMN actors.wait_holder IS 'Who can end the wait.';
COMMENT ON COLUMN actors.decisions IS 'The last decisions with the facts they saw, newest first.';
COMMENT ON COLUMN actors.quarantined_at IS 'Since when it is left alone because it kept crashing.';
COMMENT ON COLUMN actors.quarantine_reason IS 'Why, in words.';

CREATE TABLE messages (
    seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid        NOT NULL UNIQUE,
    receiver_kind text        NOT NULL,
    receiver_id   uuid        NOT NULL,
    sender_type   text        NOT NULL CHECK (sender_type IN ('user', 'agent', 'system', 'external')),
    sender_id     text        NOT NULL,
    sender_name   text,
    source        text        NOT NULL,
    key           text,
    body          text        NOT NULL,
    payload       jsonb,
    broadcasted   boolean     NOT NULL DEFAULT false,
    cause         uuid,
    hops          integer     NOT NULL DEFAULT 0,
    state         text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'assigned', 'consumed', 'dead')),
    attempts      integer     NOT NULL DEFAULT 0,
    turn_id       uuid,
    received_at   timestamptz NOT NULL,
    processed_at  timestamptz,
    dead_reason   text
);
CREATE INDEX messages_pending ON messages (receiver_kind, receiver_id, seq) WHERE state = 'pending';
CREATE INDEX messages_dead ON messages (receiver_kind, receiver_id, seq) WHERE state = 'dead';
CREATE INDEX messages_of_receiver ON messages (receiver_kind, receiver_id, seq);
CREATE INDEX messages_of_turn ON messages (turn_id) WHERE turn_id IS NOT NULL;
CREATE UNIQUE INDEX messages_key ON messages (sender_type, sender_id, key) WHERE key IS NOT NULL;

COMMENT ON TABLE messages IS 'Mail. A message is consumed by the transaction that commits the turn it fed.';
COMMENT ON COLUMN messages.seq IS 'Order of acceptance; a receiver reads in this order, so mail of one sender stays in order.';
COMMENT ON COLUMN messages.id IS 'Its identity.';
COMMENT ON COLUMN messages.receiver_kind IS 'Whose inbox: kind of actor.';
COMMENT ON COLUMN messages.receiver_id IS 'Whose inbox: which actor.';
COMMENT ON COLUMN messages.sender_type IS 'Who sent it, from the credentials: user, agent, system or external.';
COMMENT ON COLUMN messages.sender_id IS 'Which sender; for an agent workspace/slug.';
COMMENT ON COLUMN messages.sender_name IS 'A name for people; proves nothing.';
COMMENT ON COLUMN messages.source IS 'What kind of waking it is: user, agent, webhook, schedule, ticket, system or initial.';
COMMENT ON COLUMN messages.key IS 'The sender''s idempotency key; one message per sender and key.';
COMMENT ON COLUMN messages.body IS 'The text; empty for a tick.';
COMMENT ON COLUMN messages.payload IS 'Structured data beside the text.';
COMMENT ON COLUMN messages.broadcasted IS 'Whether all peers got it.';
COMMENT ON COLUMN messages.cause IS 'The turn in which it was sent, where an agent sent it.';
COMMENT ON COLUMN messages.hops IS 'How many messages lie between it and whoever was not an agent.';
COMMENT ON COLUMN messages.state IS 'pending: waits; assigned: feeds the open turn; consumed: fed a turn that succeeded; dead: given up.';
COMMENT ON COLUMN messages.attempts IS 'Turns it was given to that failed by the agent''s own doing.';
COMMENT ON COLUMN messages.turn_id IS 'The turn it feeds or fed.';
COMMENT ON COLUMN messages.received_at IS 'When it was accepted.';
COMMENT ON COLUMN messages.processed_at IS 'When it was consumed.';
COMMENT ON COLUMN messages.dead_reason IS 'Why it was given up.';

CREATE TABLE runs (
    id            uuid        PRIMARY KEY,
    actor_kind    text        NOT NULL,
    actor_id      uuid        NOT NULL,
    sandbox_id    uuid        NOT NULL,
    epoch         bigint      NOT NULL,
    runtime       text        NOT NULL,
    state         text        NOT NULL DEFAULT 'unsent' CHECK (state IN ('unsent', 'sent', 'started', 'ended')),
    open          boolean     NOT NULL DEFAULT true,
    acked_seq     bigint      NOT NULL DEFAULT 0,
    facts         jsonb       NOT NULL DEFAULT '{}',
    ended         jsonb,
    cpu_ms        bigint,
    rss_bytes_max bigint,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    started_at    timestamptz,
    stop_asked_at timestamptz,
    ended_at      timestamptz
);
CREATE INDEX runs_not_ended ON runs (actor_kind, actor_id) WHERE state <> 'ended';

COMMENT ON TABLE runs IS 'Executions of an agent program, as their runner reports them.';
COMMENT ON COLUMN runs.id IS 'Its identity; that of the turn where it carries out a turn.';
COMMENT ON COLUMN runs.actor_kind IS 'Whose run: kind of actor.';
COMMENT ON COLUMN runs.actor_id IS 'Whose run: which actor.';
COMMENT ON COLUMN runs.sandbox_id IS 'Where it runs.';
COMMENT ON COLUMN runs.epoch IS 'The epoch it was started under; reports of another are refused.';
COMMENT ON COLUMN runs.runtime IS 'Which agent program.';
COMMENT ON COLUMN runs.state IS 'unsent, sent to a runner, started, or ended: nothing of it is alive.';
COMMENT ON COLUMN runs.open IS 'Whether somebody still wants it; false once its turn is closed.';
COMMENT ON COLUMN runs.acked_seq IS 'The last event of its stream that is stored; each is stored once.';
COMMENT ON COLUMN runs.facts IS 'What its output has told so far.';
COMMENT ON COLUMN runs.ended IS 'How it ended, as its runner saw it.';
COMMENT ON COLUMN runs.cpu_ms IS 'Processor time used, in milliseconds.';
COMMENT ON COLUMN runs.rss_bytes_max IS 'Most resident memory seen, in bytes.';
COMMENT ON COLUMN runs.created_at IS 'When it was wanted.';
COMMENT ON COLUMN runs.sent_at IS 'When a runner was given it.';
COMMENT ON COLUMN runs.started_at IS 'When its process started.';
COMMENT ON COLUMN runs.stop_asked_at IS 'When its end was first asked for.';
COMMENT ON COLUMN runs.ended_at IS 'When the last of its processes was gone.';

CREATE TABLE sandboxes (
    id         uuid        PRIMARY KEY,
    actor_kind text        NOT NULL,
    actor_id   uuid        NOT NULL,
    keep_until timestamptz,
    created_at timestamptz NOT NULL
);

COMMENT ON TABLE sandboxes IS 'Places where agents run, from the moment one is wanted until it is known to be gone.';
COMMENT ON COLUMN sandboxes.id IS 'Its identity.';
COMMENT ON COLUMN sandboxes.actor_kind IS 'Whose it is: kind of actor.';
COMMENT ON COLUMN sandboxes.actor_id IS 'Whose it is: which actor.';
COMMENT ON COLUMN sandboxes.keep_until IS 'Until when it is kept without work; null is without end.';
COMMENT ON COLUMN sandboxes.created_at IS 'When it was first wanted.';

CREATE TABLE refused_reports (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id        uuid        NOT NULL,
    actor_kind    text,
    actor_id      uuid,
    epoch         bigint      NOT NULL,
    current_epoch bigint,
    reason        text        NOT NULL,
    report        jsonb       NOT NULL,
    at            timestamptz NOT NULL
);
CREATE INDEX refused_reports_of_actor ON refused_reports (actor_kind, actor_id, id);

COMMENT ON TABLE refused_reports IS 'What stale incarnations said: refused, but kept so that it can be seen.';
COMMENT ON COLUMN refused_reports.id IS 'Order of arrival.';
COMMENT ON COLUMN refused_reports.run_id IS 'The run it spoke of.';
COMMENT ON COLUMN refused_reports.actor_kind IS 'Whose run: kind of actor, where the run is known.';
COMMENT ON COLUMN refused_reports.actor_id IS 'Whose run: which actor, where the run is known.';
COMMENT ON COLUMN refused_reports.epoch IS 'The epoch it claimed.';
COMMENT ON COLUMN refused_reports.current_epoch IS 'The actor''s epoch at that time.';
COMMENT ON COLUMN refused_reports.reason IS 'Why it was refused.';
COMMENT ON COLUMN refused_reports.report IS 'What it said.';
COMMENT ON COLUMN refused_reports.at IS 'When it came.';

CREATE TABLE events (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid      bigint      NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
    actor_id uuid        NOT NULL,
    turn_id  uuid,
    type     text        NOT NULL,
    data     jsonb       NOT NULL,
    at       timestamptz NOT NULL
);
CREATE INDEX events_in_order ON events (xid, id);
CREATE INDEX events_of_actor ON events (actor_id, xid, id);
CREATE INDEX events_state_changes ON events (id) WHERE type = 'persistent_agent:state_changed';
CREATE INDEX events_of_turn ON events (turn_id, id) WHERE turn_id IS NOT NULL;

COMMENT ON TABLE events IS 'What happened, for live streams and transcripts. Written in the transaction that made it so.';
COMMENT ON COLUMN events.id IS 'Order within a transaction.';
COMMENT ON COLUMN events.xid IS 'The transaction that wrote it. Streams read in the order (xid, id) and only transactions older than all running ones, so that a late commit is never skipped.';
COMMENT ON COLUMN events.actor_id IS 'What it is about.';
COMMENT ON COLUMN events.turn_id IS 'The turn it belongs to.';
COMMENT ON COLUMN events.type IS 'Such as persistent_agent:log.';
COMMENT ON COLUMN events.data IS 'The event as clients get it, without its type and time.';
COMMENT ON COLUMN events.at IS 'When it happened.';

CREATE TABLE idempotency_keys (
    caller      text        NOT NULL,
    key         text        NOT NULL,
    fingerprint text        NOT NULL,
    status      smallint,
    body        bytea,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);

CREATE INDEX idempotency_keys_old ON idempotency_keys (created_at);

COMMENT ON TABLE idempotency_keys IS 'Answers already given to requests that carried an Idempotency-Key.';
COMMENT ON COLUMN idempotency_keys.caller IS 'Who asked.';
COMMENT ON COLUMN idempotency_keys.key IS 'The key.';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'Hash of method, path and body: the same key with another request is refused.';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the answer; null while the first request is still being answered.';
COMMENT ON COLUMN idempotency_keys.body IS 'Body of the answer.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When the first request came.';
