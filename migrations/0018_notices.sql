-- Who is told what happens: webhooks and Slack. A delivery is written by the transaction that made it so, is
-- sent from there, and stays as its own history.

CREATE TABLE webhooks (
    id                    uuid        PRIMARY KEY,
    workspace             text        NOT NULL,
    url                   text        NOT NULL,
    events                text[]      NOT NULL CHECK (0 < cardinality(events)),
    description           text,
    active                boolean     NOT NULL,
    disabled_reason       text,
    previous_secret_until timestamptz,
    created_by            text        NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL
);
CREATE INDEX webhooks_by_age ON webhooks (workspace, created_at, id);
CREATE INDEX webhooks_active ON webhooks (workspace) WHERE active;

COMMENT ON TABLE webhooks IS 'Addresses that are told what happens. Their secrets are in the table secrets, sealed.';
COMMENT ON COLUMN webhooks.id IS 'Its identity.';
COMMENT ON COLUMN webhooks.workspace IS 'Whose it is.';
COMMENT ON COLUMN webhooks.url IS 'The address.';
COMMENT ON COLUMN webhooks.events IS 'The events it is told of, by name.';
COMMENT ON COLUMN webhooks.description IS 'What it is for, for people.';
COMMENT ON COLUMN webhooks.active IS 'Whether it is told anything.';
COMMENT ON COLUMN webhooks.disabled_reason IS 'Why it was turned off by itself; null where a person did it, or it is on.';
COMMENT ON COLUMN webhooks.previous_secret_until IS 'Until when deliveries are signed with its previous secret too.';
COMMENT ON COLUMN webhooks.created_by IS 'Who added it.';
COMMENT ON COLUMN webhooks.created_at IS 'When it was added.';
COMMENT ON COLUMN webhooks.updated_at IS 'When it was last changed.';

ALTER TABLE repos ADD COLUMN slack_enabled boolean NOT NULL DEFAULT false;
ALTER TABLE repos ADD COLUMN slack_channel text;
ALTER TABLE repos ADD COLUMN slack_notify_on text[] NOT NULL
    DEFAULT '{completed,failed,needs_attention,pr_opened}';

COMMENT ON COLUMN repos.slack_enabled IS 'Whether anything of it is said in Slack.';
COMMENT ON COLUMN repos.slack_channel IS 'The channel; null is the one of the address, which is in the table secrets.';
COMMENT ON COLUMN repos.slack_notify_on IS 'What is said of its tasks: completed, failed, needs_attention, pr_opened.';

COMMENT ON COLUMN secrets.scope IS 'For what it is: global, workspace, user, the address of a repository, or of:KIND:ID for what belongs to one thing of ours and goes with it.';

CREATE TABLE webhook_deliveries (
    seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid        NOT NULL,
    webhook_id    uuid        REFERENCES webhooks (id) ON DELETE CASCADE,
    repo_id       uuid        REFERENCES repos (id) ON DELETE CASCADE,
    target_id     uuid        NOT NULL GENERATED ALWAYS AS (COALESCE(webhook_id, repo_id)) STORED,
    event         text        NOT NULL,
    data          jsonb       NOT NULL,
    hops          integer     NOT NULL,
    created_at    timestamptz NOT NULL,
    next_at       timestamptz,
    attempt       integer     NOT NULL DEFAULT 0,
    attempts_from integer     NOT NULL DEFAULT 0,
    attempts_max  integer,
    success       boolean     NOT NULL DEFAULT false,
    status_code   integer,
    response      text,
    error         text,
    delivered_at  timestamptz,
    attempts      jsonb       NOT NULL DEFAULT '[]',
    CHECK ((webhook_id IS NULL) <> (repo_id IS NULL)),
    CONSTRAINT webhook_deliveries_once UNIQUE (target_id, id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (target_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, seq) WHERE webhook_id IS NOT NULL;
CREATE INDEX webhook_deliveries_of_repo ON webhook_deliveries (repo_id) WHERE repo_id IS NOT NULL;
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (created_at) WHERE next_at IS NULL;

COMMENT ON TABLE webhook_deliveries IS 'What is told to webhooks and said in Slack: those that are due, and those that were.';
COMMENT ON COLUMN webhook_deliveries.seq IS 'In which order they were written.';
COMMENT ON COLUMN webhook_deliveries.id IS 'The identity of what happened: the same for all who are told of it.';
COMMENT ON COLUMN webhook_deliveries.webhook_id IS 'Which webhook is told; null where Slack is.';
COMMENT ON COLUMN webhook_deliveries.repo_id IS 'Whose way to Slack is taken; null where a webhook is told.';
COMMENT ON COLUMN webhook_deliveries.target_id IS 'Either of them.';
COMMENT ON COLUMN webhook_deliveries.event IS 'What happened, by name.';
COMMENT ON COLUMN webhook_deliveries.data IS 'To what, and how.';
COMMENT ON COLUMN webhook_deliveries.hops IS 'How many deliveries lie before it, one causing the next.';
COMMENT ON COLUMN webhook_deliveries.created_at IS 'When it happened.';
COMMENT ON COLUMN webhook_deliveries.next_at IS 'When it is sent next, or, while it is being sent, when whoever sends it is taken for dead; null once nothing more becomes of it.';
COMMENT ON COLUMN webhook_deliveries.attempt IS 'Attempts so far, the one that is made just now among them.';
COMMENT ON COLUMN webhook_deliveries.attempts_from IS 'How many of them were made before a person last asked for it once more.';
COMMENT ON COLUMN webhook_deliveries.attempts_max IS 'How many there may be; null is the limit of the server.';
COMMENT ON COLUMN webhook_deliveries.success IS 'Whether it was taken.';
COMMENT ON COLUMN webhook_deliveries.status_code IS 'What the last attempt was answered.';
COMMENT ON COLUMN webhook_deliveries.response IS 'How that answer begins.';
COMMENT ON COLUMN webhook_deliveries.error IS 'What went wrong with the last attempt; null where nothing did.';
COMMENT ON COLUMN webhook_deliveries.delivered_at IS 'When the last attempt was over.';
COMMENT ON COLUMN webhook_deliveries.attempts IS 'The last attempts: when, how long in milliseconds, and how each ended.';
