-- Trackers, which are looked at for tickets, and the tickets that were seen there.

COMMENT ON COLUMN actors.kind IS 'What it is: agent, pool, pr-review, pull-request, task or tracker.';
COMMENT ON COLUMN secrets.scope IS 'For what it is: global, workspace, user, the address of a repository, or tracker: and the id of a tracker whose token it is.';

-- A ticket that comes from a tracker may have become a task in another way before.
CREATE INDEX tasks_by_ticket ON tasks (ticket_source, ticket_id) WHERE ticket_id IS NOT NULL;

CREATE TABLE trackers (
    id            uuid        PRIMARY KEY,
    workspace     text        NOT NULL,
    source        text        NOT NULL CHECK (source IN ('github', 'gitlab', 'jira', 'linear', 'notion')),
    place         text        NOT NULL,
    label         text        NOT NULL,
    config        jsonb       NOT NULL,
    enabled       boolean     NOT NULL,
    failures      integer     NOT NULL DEFAULT 0,
    last_error    text,
    last_error_at timestamptz,
    hold_until    timestamptz,
    hold_reason   text,
    asked_at      timestamptz,
    since         timestamptz,
    page          text,
    page_high     timestamptz,
    round_at      timestamptz,
    pages_taken   integer     NOT NULL DEFAULT 0,
    looked_at     timestamptz,
    synced_at     timestamptz,
    created_by    text        NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT trackers_of_one_place UNIQUE (workspace, place, label)
);
CREATE INDEX trackers_by_age ON trackers (workspace, created_at, id);
CREATE INDEX trackers_by_place ON trackers (place);

COMMENT ON TABLE trackers IS 'Places where people write tickets; each is an actor that looks at one. Its token is in secrets.';
COMMENT ON COLUMN trackers.id IS 'Its identity.';
COMMENT ON COLUMN trackers.workspace IS 'Whose.';
COMMENT ON COLUMN trackers.source IS 'What kind of tracker it is.';
COMMENT ON COLUMN trackers.place IS 'What tells the place from others, in small letters: github:owner/name and the like.';
COMMENT ON COLUMN trackers.label IS 'The label of tickets that become work, in small letters.';
COMMENT ON COLUMN trackers.config IS 'What people decided about it, as the API has it, without the token.';
COMMENT ON COLUMN trackers.enabled IS 'Whether it is looked at; false after too many failures in a row.';
COMMENT ON COLUMN trackers.failures IS 'Looks in a row that failed.';
COMMENT ON COLUMN trackers.last_error IS 'How the last look failed; null where it did not.';
COMMENT ON COLUMN trackers.last_error_at IS 'When.';
COMMENT ON COLUMN trackers.hold_until IS 'Not before this is it asked anything.';
COMMENT ON COLUMN trackers.hold_reason IS 'Why, in words.';
COMMENT ON COLUMN trackers.asked_at IS 'When somebody last said that something has changed; null once all of that was read.';
COMMENT ON COLUMN trackers.since IS 'The newest change of a ticket in all rounds that are over; null before the first ticket.';
COMMENT ON COLUMN trackers.page IS 'Where the round that is under way goes on; null where none is.';
COMMENT ON COLUMN trackers.page_high IS 'The newest change of a ticket in the round that is under way.';
COMMENT ON COLUMN trackers.round_at IS 'When the round that is under way began.';
COMMENT ON COLUMN trackers.pages_taken IS 'Pages read since it last rested.';
COMMENT ON COLUMN trackers.looked_at IS 'When a page was last asked for; null before the first.';
COMMENT ON COLUMN trackers.synced_at IS 'When a round was last over.';
COMMENT ON COLUMN trackers.created_by IS 'Who added it.';
COMMENT ON COLUMN trackers.created_at IS 'When it was added.';
COMMENT ON COLUMN trackers.updated_at IS 'When a person last changed it.';

CREATE TABLE tickets (
    id          uuid        PRIMARY KEY,
    tracker_id  uuid        NOT NULL REFERENCES trackers (id) ON DELETE CASCADE,
    external_id text        NOT NULL,
    key         text        NOT NULL,
    url         text        NOT NULL,
    title       text        NOT NULL,
    labels      jsonb       NOT NULL,
    open        boolean     NOT NULL,
    changed_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    first_at    timestamptz NOT NULL,
    handled_at  timestamptz,
    task_id     uuid        REFERENCES tasks (id) ON DELETE SET NULL,
    todo        text        CHECK (todo IN ('take', 'started', 'done')),
    due_at      timestamptz,
    words       text,
    troubles    integer     NOT NULL DEFAULT 0,
    trouble     text,
    told        text        CHECK (told IN ('started', 'done')),
    told_at     timestamptz,
    CONSTRAINT tickets_of_one_tracker UNIQUE (tracker_id, external_id),
    CHECK (due_at IS NULL OR todo IS NOT NULL),
    CHECK (handled_at IS NULL OR todo IS DISTINCT FROM 'take'),
    CHECK (task_id IS NULL OR handled_at IS NOT NULL),
    CHECK ((told IS NULL) = (told_at IS NULL))
);
CREATE INDEX tickets_due ON tickets (tracker_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX tickets_of_task ON tickets (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX tickets_by_age ON tickets (tracker_id, first_at, id);

COMMENT ON TABLE tickets IS 'Tickets that were seen at a tracker, and what came of them.';
COMMENT ON COLUMN tickets.id IS 'Its identity here.';
COMMENT ON COLUMN tickets.tracker_id IS 'Where it was seen.';
COMMENT ON COLUMN tickets.external_id IS 'What names it there, for ever.';
COMMENT ON COLUMN tickets.key IS 'What people call it.';
COMMENT ON COLUMN tickets.url IS 'Where people read it.';
COMMENT ON COLUMN tickets.title IS 'Its title.';
COMMENT ON COLUMN tickets.labels IS 'Its labels.';
COMMENT ON COLUMN tickets.open IS 'Whether it waits to be worked on, as far as its tracker says.';
COMMENT ON COLUMN tickets.changed_at IS 'When it last changed, as its tracker says.';
COMMENT ON COLUMN tickets.seen_at IS 'When it was last seen.';
COMMENT ON COLUMN tickets.first_at IS 'When it was first seen.';
COMMENT ON COLUMN tickets.handled_at IS 'When it became work; it never does so again.';
COMMENT ON COLUMN tickets.task_id IS 'The task it became, or had become already.';
COMMENT ON COLUMN tickets.todo IS 'What is next to be done with it: take (let it become work), started or done (tell it so); null where nothing is.';
COMMENT ON COLUMN tickets.due_at IS 'Not before when; null where nothing is to be done, or it was tried in vain and a person has to mend something first.';
COMMENT ON COLUMN tickets.words IS 'What it is told.';
COMMENT ON COLUMN tickets.troubles IS 'Attempts in a row at that which failed.';
COMMENT ON COLUMN tickets.trouble IS 'How the last one failed, or why there can be no work; null where nothing did.';
COMMENT ON COLUMN tickets.told IS 'What it was last told.';
COMMENT ON COLUMN tickets.told_at IS 'When.';
