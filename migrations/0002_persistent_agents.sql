-- Persistent agents, their turns and their triggers.

CREATE TABLE agents (
    id                        uuid        PRIMARY KEY,
    workspace                 text        NOT NULL DEFAULT 'default',
    slug                      text        NOT NULL,
    name                      text        NOT NULL,
    description               text,
    agent_runtime             text        NOT NULL,
    model                     text,
    system_prompt             text,
    agents_md                 text,
    initial_prompt            text        NOT NULL,
    pod_lifecycle             text        NOT NULL CHECK (pod_lifecycle IN ('always-on', 'sticky', 'on-demand')),
    idle_pod_timeout_ms       bigint      NOT NULL CHECK (0 < idle_pod_timeout_ms),
    max_turn_duration_ms      bigint      NOT NULL CHECK (0 < max_turn_duration_ms),
    max_turns                 integer     NOT NULL CHECK (0 < max_turns),
    consecutive_failure_limit integer     NOT NULL CHECK (0 < consecutive_failure_limit),
    enabled                   boolean     NOT NULL,
    state                     text        NOT NULL DEFAULT 'idle' CHECK (state IN ('idle', 'queued', 'provisioning', 'running', 'paused', 'failed', 'archived')),
    state_since               timestamptz NOT NULL,
    open_turn                 uuid,
    deleting                  boolean     NOT NULL DEFAULT false,
    intent                    text        CHECK (intent IN ('pause', 'resume', 'archive', 'restart', 'delete')),
    hold_until                timestamptz,
    hold_reason               text,
    consecutive_failures      integer     NOT NULL DEFAULT 0,
    rate_limits_in_row        integer     NOT NULL DEFAULT 0,
    last_failure_at           timestamptz,
    last_failure_class        text,
    last_failure_reason       text,
    session_id                text,
    turns_taken               integer     NOT NULL DEFAULT 0,
    total_cost_usd            numeric     NOT NULL DEFAULT 0,
    total_input_tokens        bigint      NOT NULL DEFAULT 0,
    total_output_tokens       bigint      NOT NULL DEFAULT 0,
    last_turn_at              timestamptz,
    created_by                text        NOT NULL,
    created_at                timestamptz NOT NULL,
    updated_at                timestamptz NOT NULL,
    CHECK ((open_turn IS NOT NULL) = (state IN ('provisioning', 'running')))
);
CREATE UNIQUE INDEX agents_slug ON agents (workspace, slug) WHERE NOT deleting;
CREATE INDEX agents_in_order ON agents (workspace, created_at, id);
CREATE INDEX agents_queued ON agents (state_since) WHERE state = 'queued';

COMMENT ON TABLE agents IS 'Persistent agents: named, long-lived, driven by messages.';
COMMENT ON COLUMN agents.id IS 'Its identity, the same as in actors.';
COMMENT ON COLUMN agents.workspace IS 'Slug of the workspace it belongs to.';
COMMENT ON COLUMN agents.slug IS 'Its address in the workspace.';
COMMENT ON COLUMN agents.name IS 'For people.';
COMMENT ON COLUMN agents.description IS 'For peers and people.';
COMMENT ON COLUMN agents.agent_runtime IS 'Which agent program: claude-code.';
COMMENT ON COLUMN agents.model IS 'Which model; null is the program''s default.';
COMMENT ON COLUMN agents.system_prompt IS 'Its role.';
COMMENT ON COLUMN agents.agents_md IS 'Its manual.';
COMMENT ON COLUMN agents.initial_prompt IS 'Its mission, given once.';
COMMENT ON COLUMN agents.pod_lifecycle IS 'How long its sandbox is kept.';
COMMENT ON COLUMN agents.idle_pod_timeout_ms IS 'Milliseconds a sticky sandbox is kept after a turn.';
COMMENT ON COLUMN agents.max_turn_duration_ms IS 'Milliseconds a turn may take.';
COMMENT ON COLUMN agents.max_turns IS 'Model calls in one turn.';
COMMENT ON COLUMN agents.consecutive_failure_limit IS 'Failures in a row until it is failed.';
COMMENT ON COLUMN agents.enabled IS 'Whether it takes turns at all.';
COMMENT ON COLUMN agents.state IS 'Where it stands; docs/states/agent.mmd is the table of changes.';
COMMENT ON COLUMN agents.state_since IS 'Since when.';
COMMENT ON COLUMN agents.open_turn IS 'The open turn, in exactly the two states that have one.';
COMMENT ON COLUMN agents.deleting IS 'Whether every trace is to be removed; hidden from everybody.';
COMMENT ON COLUMN agents.intent IS 'What a person asked for and is not done yet.';
COMMENT ON COLUMN agents.hold_until IS 'No turn before this.';
COMMENT ON COLUMN agents.hold_reason IS 'Why, in words.';
COMMENT ON COLUMN agents.consecutive_failures IS 'Failures in a row.';
COMMENT ON COLUMN agents.rate_limits_in_row IS 'Rate limits in a row; they do not count as failures.';
COMMENT ON COLUMN agents.last_failure_at IS 'When a turn last failed.';
COMMENT ON COLUMN agents.last_failure_class IS 'The class of that failure.';
COMMENT ON COLUMN agents.last_failure_reason IS 'That failure in words.';
COMMENT ON COLUMN agents.session_id IS 'The vendor''s session, resumed by the next turn.';
COMMENT ON COLUMN agents.turns_taken IS 'Turns opened so far; the number of the last one.';
COMMENT ON COLUMN agents.total_cost_usd IS 'Dollars of all turns.';
COMMENT ON COLUMN agents.total_input_tokens IS 'Tokens sent in all turns.';
COMMENT ON COLUMN agents.total_output_tokens IS 'Tokens received in all turns.';
COMMENT ON COLUMN agents.last_turn_at IS 'When the last turn ended.';
COMMENT ON COLUMN agents.created_by IS 'Who created it, as a sender address.';
COMMENT ON COLUMN agents.created_at IS 'When it was created.';
COMMENT ON COLUMN agents.updated_at IS 'When it last changed.';

CREATE TABLE turns (
    id              uuid        PRIMARY KEY,
    agent_id        uuid        NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    turn_number     integer     NOT NULL,
    epoch           bigint      NOT NULL,
    wake_source     text        NOT NULL,
    wake_payload    jsonb,
    prompt_used     text        NOT NULL,
    messages        integer     NOT NULL,
    resumed_session text,
    provision_until timestamptz NOT NULL,
    duration_ms     bigint      NOT NULL,
    halt_reason     text,
    error           text,
    error_class     text,
    cost_usd        numeric,
    input_tokens    bigint,
    output_tokens   bigint,
    model_used      text,
    session_id      text,
    summary         text,
    started_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    UNIQUE (agent_id, turn_number)
);
CREATE UNIQUE INDEX turns_one_open_per_agent ON turns (agent_id) WHERE finished_at IS NULL;

COMMENT ON TABLE turns IS 'One row per waking of an agent. The database itself allows one open turn per agent.';
COMMENT ON COLUMN turns.id IS 'Its identity; its run has the same.';
COMMENT ON COLUMN turns.agent_id IS 'Whose turn.';
COMMENT ON COLUMN turns.turn_number IS 'From 1, without holes.';
COMMENT ON COLUMN turns.epoch IS 'The agent''s epoch during this turn.';
COMMENT ON COLUMN turns.wake_source IS 'What woke the agent.';
COMMENT ON COLUMN turns.wake_payload IS 'The first message that woke it: id, sender and payload.';
COMMENT ON COLUMN turns.prompt_used IS 'What the agent was told.';
COMMENT ON COLUMN turns.messages IS 'How many messages it was given.';
COMMENT ON COLUMN turns.resumed_session IS 'The vendor''s session it resumed.';
COMMENT ON COLUMN turns.provision_until IS 'When its process must have started.';
COMMENT ON COLUMN turns.duration_ms IS 'Milliseconds it may take.';
COMMENT ON COLUMN turns.halt_reason IS 'Why it halted; null while it is open.';
COMMENT ON COLUMN turns.error IS 'What went wrong, in words.';
COMMENT ON COLUMN turns.error_class IS 'The class of that.';
COMMENT ON COLUMN turns.cost_usd IS 'Dollars.';
COMMENT ON COLUMN turns.input_tokens IS 'Tokens sent.';
COMMENT ON COLUMN turns.output_tokens IS 'Tokens received.';
COMMENT ON COLUMN turns.model_used IS 'The model that answered.';
COMMENT ON COLUMN turns.session_id IS 'The vendor''s session at its end.';
COMMENT ON COLUMN turns.summary IS 'The agent''s last words.';
COMMENT ON COLUMN turns.started_at IS 'When it was opened.';
COMMENT ON COLUMN turns.finished_at IS 'When it was closed; null while it is open.';

CREATE INDEX turns_open ON turns (id) WHERE finished_at IS NULL;

CREATE TABLE triggers (
    id            uuid        PRIMARY KEY,
    target_type   text        NOT NULL CHECK (target_type IN ('persistent_agent')),
    target_id     uuid        NOT NULL,
    type          text        NOT NULL CHECK (type IN ('manual', 'schedule')),
    config        jsonb       NOT NULL,
    param_mapping jsonb,
    enabled       boolean     NOT NULL,
    last_fired_at timestamptz,
    next_fire_at  timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX triggers_of_target ON triggers (target_type, target_id);
CREATE INDEX triggers_due ON triggers (next_fire_at) WHERE enabled AND next_fire_at IS NOT NULL;

COMMENT ON TABLE triggers IS 'Rules that wake something by themselves.';
COMMENT ON COLUMN triggers.id IS 'Its identity.';
COMMENT ON COLUMN triggers.target_type IS 'What it wakes: persistent_agent.';
COMMENT ON COLUMN triggers.target_id IS 'Which one it wakes.';
COMMENT ON COLUMN triggers.type IS 'manual or schedule.';
COMMENT ON COLUMN triggers.config IS 'For a schedule: cronExpression, timezone (UTC), prompt.';
COMMENT ON COLUMN triggers.param_mapping IS 'Sent along with each fire as its payload.';
COMMENT ON COLUMN triggers.enabled IS 'Whether it fires.';
COMMENT ON COLUMN triggers.last_fired_at IS 'When it last fired.';
COMMENT ON COLUMN triggers.next_fire_at IS 'When it fires next; the truth of every schedule.';
COMMENT ON COLUMN triggers.created_at IS 'When it was created.';
COMMENT ON COLUMN triggers.updated_at IS 'When it last changed.';
