-- The mail contract: classes, threads, questions with a deadline, topics, the breaker of runaway
-- conversations, and what retention needs to find old rows without a search.

ALTER TABLE messages
    DROP CONSTRAINT messages_state_check,
    ADD CONSTRAINT messages_state_check
        CHECK (state IN ('pending', 'assigned', 'consumed', 'dead', 'discarded')),
    ADD COLUMN class        text        NOT NULL DEFAULT 'work'
        CHECK (class IN ('work', 'notify', 'interrupt', 'stop')),
    ADD COLUMN thread       uuid,
    ADD COLUMN in_reply_to  uuid,
    ADD COLUMN topic        text,
    ADD COLUMN reply_by     timestamptz,
    ADD COLUMN late         boolean     NOT NULL DEFAULT false,
    ADD COLUMN failed_turns uuid[]      NOT NULL DEFAULT '{}',
    -- Nobody waits for what a stop was: it never lies in an inbox.
    ADD CONSTRAINT messages_stops_are_done CHECK (class <> 'stop' OR state = 'consumed');
DROP INDEX messages_pending;
CREATE INDEX messages_pending ON messages (receiver_kind, receiver_id, class, seq)
    WHERE state = 'pending';
CREATE INDEX messages_assigned ON messages (class) WHERE state = 'assigned';
CREATE INDEX messages_dead_of_all ON messages (seq) WHERE state = 'dead';
CREATE INDEX messages_of_thread ON messages (thread, seq) WHERE thread IS NOT NULL;
CREATE INDEX messages_done ON messages (processed_at) WHERE state IN ('consumed', 'discarded');

COMMENT ON COLUMN messages.state IS 'pending: waits; assigned: feeds the open turn; consumed: fed a turn that succeeded, or was a stop; dead: given up; discarded: given up for good by a person.';
COMMENT ON COLUMN messages.class IS 'work: wakes; notify: read with the next wake; interrupt: wakes and is read first; stop: ended the open turn.';
COMMENT ON COLUMN messages.thread IS 'The first message of its conversation; null where it is itself the first.';
COMMENT ON COLUMN messages.in_reply_to IS 'The message it answers.';
COMMENT ON COLUMN messages.topic IS 'The topic it was published to; all is the topic of all peers.';
COMMENT ON COLUMN messages.reply_by IS 'Until when its sender waits for a reply; null where nobody waits.';
COMMENT ON COLUMN messages.late IS 'Whether it answers a question whose time was over.';
COMMENT ON COLUMN messages.failed_turns IS 'The turns it was given to that failed by the agent''s own doing, oldest first.';
COMMENT ON COLUMN messages.processed_at IS 'When it was consumed or discarded.';

ALTER TABLE actors
    ADD COLUMN inbox_waking integer NOT NULL DEFAULT 0 CHECK (0 <= inbox_waking);
UPDATE actors SET inbox_waking = inbox_pending;
DROP INDEX actors_with_mail;
CREATE INDEX actors_with_mail ON actors (kind, id)
    WHERE 0 < inbox_waking AND quarantined_at IS NULL;

COMMENT ON COLUMN actors.inbox_waking IS 'Pending messages of the classes that wake, work and interrupt; kept by the statements that change them.';

ALTER TABLE agents
    ADD COLUMN stop_turn    uuid,
    ADD COLUMN pause_reason text,
    ADD COLUMN wakes_from   integer NOT NULL DEFAULT 0;
CREATE INDEX agents_by_state ON agents (state) WHERE NOT deleting;

COMMENT ON COLUMN agents.stop_turn IS 'The turn that a stop message wants ended; of no meaning once another one is open.';
COMMENT ON COLUMN agents.pause_reason IS 'Why it was paused by itself; null where a person paused it.';
COMMENT ON COLUMN agents.wakes_from IS 'The breaker counts turns after this number only: a person has let it go on there.';

CREATE TABLE volleys (
    sender_id   uuid        NOT NULL,
    receiver_id uuid        NOT NULL,
    messages    integer     NOT NULL,
    since       timestamptz NOT NULL,
    PRIMARY KEY (receiver_id, sender_id)
);
CREATE INDEX volleys_of_sender ON volleys (sender_id);
CREATE INDEX volleys_old ON volleys (since);

COMMENT ON TABLE volleys IS 'How often an agent answered another that had answered it: what the breaker of conversations looks at.';
COMMENT ON COLUMN volleys.sender_id IS 'Who answered: an agent.';
COMMENT ON COLUMN volleys.receiver_id IS 'Whom: the agent whose message had caused the answer.';
COMMENT ON COLUMN volleys.messages IS 'Such messages in this window.';
COMMENT ON COLUMN volleys.since IS 'When this window began; the first message after its end begins another.';

CREATE TABLE asks (
    id            uuid        PRIMARY KEY,
    asker_type    text        NOT NULL CHECK (asker_type IN ('user', 'agent', 'system', 'external')),
    asker_name    text        NOT NULL,
    asker_id      uuid,
    asked_id      uuid        NOT NULL,
    deadline      timestamptz NOT NULL,
    state         text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'timed_out')),
    reply_id      uuid,
    reply_body    text,
    reply_payload jsonb,
    late          boolean     NOT NULL DEFAULT false,
    asked_at      timestamptz NOT NULL,
    ended_at      timestamptz,
    CHECK ((asker_id IS NOT NULL) = (asker_type = 'agent')),
    CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE INDEX asks_due ON asks (deadline) WHERE state = 'open';
CREATE INDEX asks_waiting ON asks (asker_id, asked_id) WHERE state = 'open' AND asker_id IS NOT NULL;
CREATE INDEX asks_done ON asks (ended_at) WHERE state <> 'open';
CREATE INDEX asks_of_asker ON asks (asker_id) WHERE asker_id IS NOT NULL;

COMMENT ON TABLE asks IS 'Questions with a deadline. An agent that asked is woken by the reply or by the timeout, whichever comes first.';
COMMENT ON COLUMN asks.id IS 'The question: the id of its message.';
COMMENT ON COLUMN asks.asker_type IS 'Who asks: user, agent, system or external.';
COMMENT ON COLUMN asks.asker_name IS 'Which one; for an agent workspace/slug.';
COMMENT ON COLUMN asks.asker_id IS 'Which agent asks; null for everybody else.';
COMMENT ON COLUMN asks.asked_id IS 'The agent that is to reply.';
COMMENT ON COLUMN asks.deadline IS 'When the wait is over.';
COMMENT ON COLUMN asks.state IS 'open: no reply yet; answered: in time; timed_out: not in time.';
COMMENT ON COLUMN asks.reply_id IS 'The reply.';
COMMENT ON COLUMN asks.reply_body IS 'The text of the reply, for an asker without an inbox.';
COMMENT ON COLUMN asks.reply_payload IS 'Structured data of that reply.';
COMMENT ON COLUMN asks.late IS 'Whether the reply came after the deadline.';
COMMENT ON COLUMN asks.asked_at IS 'When it was asked.';
COMMENT ON COLUMN asks.ended_at IS 'When it was answered or timed out.';

CREATE TABLE subscriptions (
    workspace  text        NOT NULL,
    topic      text        NOT NULL,
    agent_id   uuid        NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace, topic, agent_id)
);
CREATE INDEX subscriptions_of_agent ON subscriptions (agent_id);

COMMENT ON TABLE subscriptions IS 'Which agents get what is published to a topic. A topic is there while it has subscribers.';
COMMENT ON COLUMN subscriptions.workspace IS 'Whose topic.';
COMMENT ON COLUMN subscriptions.topic IS 'Its name.';
COMMENT ON COLUMN subscriptions.agent_id IS 'Who gets it.';
COMMENT ON COLUMN subscriptions.created_at IS 'Since when.';

CREATE INDEX turns_done ON turns (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX refused_reports_old ON refused_reports (at);
