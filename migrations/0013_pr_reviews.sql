-- Reviews of pull requests that no task has opened: what repositories want of them, and the reviews.

ALTER TABLE repos
    ADD COLUMN external_review_mode        text    NOT NULL DEFAULT 'off'
        CHECK (external_review_mode IN ('off', 'on_request', 'on_pr_hold', 'on_pr_post')),
    ADD COLUMN external_review_wait_for_ci boolean NOT NULL DEFAULT true,
    ADD COLUMN external_review_filters     jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN external_look_at            timestamptz;
CREATE INDEX repos_to_look_at ON repos (external_look_at) WHERE external_look_at IS NOT NULL;

COMMENT ON COLUMN repos.external_review_mode IS 'Which pull requests of others are reviewed by themselves: off, on_request, on_pr_hold or on_pr_post (the draft is handed in).';
COMMENT ON COLUMN repos.external_review_wait_for_ci IS 'Whether such reviews wait for the checks to be over.';
COMMENT ON COLUMN repos.external_review_filters IS 'Which pull requests are left out; what is not in it has its default.';
COMMENT ON COLUMN repos.external_look_at IS 'When its open pull requests are looked at next; null where nobody wants that. Whoever moves it on looks.';

COMMENT ON TABLE pulls IS 'Pull requests that tasks have opened or that are reviewed, as they were last seen; each is an actor that watches it.';
COMMENT ON COLUMN actors.kind IS 'What it is: agent, pool, pr-review, pull-request or task.';

CREATE TABLE pr_reviews (
    id                 uuid        PRIMARY KEY,
    workspace          text        NOT NULL,
    pull_id            uuid        NOT NULL REFERENCES pulls (id),
    repo_url           text        NOT NULL,
    number             bigint      NOT NULL,
    title              text        NOT NULL,
    author             text        NOT NULL,
    description        text        NOT NULL,
    agent_type         text        NOT NULL,
    model              text,
    pool_id            uuid        NOT NULL REFERENCES pools (id),
    sandbox_id         uuid,
    origin             text        NOT NULL CHECK (origin IN ('manual', 'auto')),
    state              text        NOT NULL CHECK (state IN ('queued', 'waiting_ci', 'reviewing', 'ready', 'stale',
                                                             'submitted', 'failed', 'cancelled')),
    open_run           uuid,
    state_since        timestamptz NOT NULL,
    state_reason       text,
    intent             text        CHECK (intent IN ('cancel', 'rereview', 'submit')),
    kind               text        NOT NULL DEFAULT 'initial' CHECK (kind IN ('initial', 'rereview', 'chat')),
    engaged            boolean     NOT NULL DEFAULT false,
    auto_submitted     boolean     NOT NULL DEFAULT false,
    head               text,
    verdict            text        CHECK (verdict IN ('approve', 'request_changes', 'comment')),
    summary            text,
    file_comments      jsonb,
    revision           integer     NOT NULL DEFAULT 0,
    submitted_revision integer,
    submitted_at       timestamptz,
    submitted_url      text,
    submit_error       text,
    error              text,
    error_class        text,
    auto_reviews       integer     NOT NULL DEFAULT 0,
    retries            integer     NOT NULL DEFAULT 0,
    rate_limits        integer     NOT NULL DEFAULT 0,
    runs_taken         integer     NOT NULL DEFAULT 0,
    hold_until         timestamptz,
    hold_reason        text,
    session_id         text,
    cost_usd           numeric     NOT NULL DEFAULT 0,
    input_tokens       bigint      NOT NULL DEFAULT 0,
    output_tokens      bigint      NOT NULL DEFAULT 0,
    model_used         text,
    created_by         text        NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CHECK (open_run IS NULL OR state = 'reviewing'),
    CHECK ((revision = 0) = (verdict IS NULL)),
    CHECK ((verdict IS NULL) = (summary IS NULL) AND (verdict IS NULL) = (file_comments IS NULL)
           AND (verdict IS NULL) = (head IS NULL))
);
CREATE UNIQUE INDEX pr_reviews_live ON pr_reviews (pull_id) WHERE state <> 'cancelled';
CREATE INDEX pr_reviews_of_pull ON pr_reviews (pull_id, created_at);
CREATE INDEX pr_reviews_by_age ON pr_reviews (workspace, created_at, id);
CREATE INDEX pr_reviews_running ON pr_reviews (id) WHERE open_run IS NOT NULL;
CREATE INDEX pr_reviews_waiting ON pr_reviews (created_at, id)
    WHERE state IN ('queued', 'waiting_ci', 'reviewing') AND open_run IS NULL;
CREATE INDEX pr_reviews_of_pool ON pr_reviews (pool_id, sandbox_id);

COMMENT ON TABLE pr_reviews IS 'Reviews of pull requests that no task has opened; each is an actor.';
COMMENT ON COLUMN pr_reviews.id IS 'Its identity; its last byte is that of its pool, so that both live in one shard.';
COMMENT ON COLUMN pr_reviews.workspace IS 'Whose.';
COMMENT ON COLUMN pr_reviews.pull_id IS 'The pull request; one review of it at a time that is not cancelled.';
COMMENT ON COLUMN pr_reviews.repo_url IS 'The repository, without credentials.';
COMMENT ON COLUMN pr_reviews.number IS 'The number of the pull request there.';
COMMENT ON COLUMN pr_reviews.title IS 'The title of the pull request when the review was begun.';
COMMENT ON COLUMN pr_reviews.author IS 'Who opened the pull request.';
COMMENT ON COLUMN pr_reviews.description IS 'What its author said of it when the review was begun.';
COMMENT ON COLUMN pr_reviews.agent_type IS 'The agent program.';
COMMENT ON COLUMN pr_reviews.model IS 'The model, where one is chosen.';
COMMENT ON COLUMN pr_reviews.pool_id IS 'Where it may run.';
COMMENT ON COLUMN pr_reviews.sandbox_id IS 'Where it last ran: its worktree and its agent''s session are there, and there it goes on.';
COMMENT ON COLUMN pr_reviews.origin IS 'manual: a person named the pull request; auto: its repository wants it reviewed.';
COMMENT ON COLUMN pr_reviews.state IS 'Where it stands: docs/states/pr-review.mmd.';
COMMENT ON COLUMN pr_reviews.open_run IS 'The open run; null in reviewing while the next one waits for room or a pause.';
COMMENT ON COLUMN pr_reviews.state_since IS 'Since when it stands there.';
COMMENT ON COLUMN pr_reviews.state_reason IS 'Why it got there, in words.';
COMMENT ON COLUMN pr_reviews.intent IS 'What a person wants and was not done yet.';
COMMENT ON COLUMN pr_reviews.kind IS 'What its open, next or last run is for.';
COMMENT ON COLUMN pr_reviews.engaged IS 'Whether a person has done anything to it: from then on nothing happens to it by itself.';
COMMENT ON COLUMN pr_reviews.auto_submitted IS 'Whether its draft was last handed in by itself.';
COMMENT ON COLUMN pr_reviews.head IS 'The commit that the draft is about.';
COMMENT ON COLUMN pr_reviews.verdict IS 'What the draft decides.';
COMMENT ON COLUMN pr_reviews.summary IS 'What the draft says to everybody.';
COMMENT ON COLUMN pr_reviews.file_comments IS 'What the draft says of files and lines: path, line, side, body.';
COMMENT ON COLUMN pr_reviews.revision IS 'How often the draft was written; 0 while there is none.';
COMMENT ON COLUMN pr_reviews.submitted_revision IS 'Which of them was last handed in.';
COMMENT ON COLUMN pr_reviews.submitted_at IS 'When.';
COMMENT ON COLUMN pr_reviews.submitted_url IS 'Where people read it; null where only its mark was found there.';
COMMENT ON COLUMN pr_reviews.submit_error IS 'Why the git host refused the draft as it is.';
COMMENT ON COLUMN pr_reviews.error IS 'How its last run failed; null where it did not.';
COMMENT ON COLUMN pr_reviews.error_class IS 'The class of that failure.';
COMMENT ON COLUMN pr_reviews.auto_reviews IS 'How often a new head was looked at by itself.';
COMMENT ON COLUMN pr_reviews.retries IS 'Failed runs in a row that were tried again by themselves.';
COMMENT ON COLUMN pr_reviews.rate_limits IS 'Rate limits in a row.';
COMMENT ON COLUMN pr_reviews.runs_taken IS 'Runs so far.';
COMMENT ON COLUMN pr_reviews.hold_until IS 'Not before this does it go on.';
COMMENT ON COLUMN pr_reviews.hold_reason IS 'Why, in words.';
COMMENT ON COLUMN pr_reviews.session_id IS 'The vendor''s session in which its agent answers.';
COMMENT ON COLUMN pr_reviews.cost_usd IS 'Dollars of all its runs.';
COMMENT ON COLUMN pr_reviews.input_tokens IS 'Tokens sent in all its runs.';
COMMENT ON COLUMN pr_reviews.output_tokens IS 'Tokens received in all its runs.';
COMMENT ON COLUMN pr_reviews.model_used IS 'The model of its last run, in its own words.';
COMMENT ON COLUMN pr_reviews.created_by IS 'Who asked for it.';
COMMENT ON COLUMN pr_reviews.created_at IS 'When it was begun.';
COMMENT ON COLUMN pr_reviews.updated_at IS 'When anything about it last changed.';

CREATE TABLE pr_review_runs (
    id              uuid        PRIMARY KEY,
    review_id       uuid        NOT NULL REFERENCES pr_reviews (id) ON DELETE CASCADE,
    number          integer     NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('initial', 'rereview', 'chat')),
    head            text        NOT NULL,
    epoch           bigint      NOT NULL,
    prompt          text        NOT NULL,
    sandbox_id      uuid        NOT NULL,
    resumed_session text,
    provision_until timestamptz NOT NULL,
    duration_ms     bigint      NOT NULL,
    outcome         text        CHECK (outcome IN ('completed', 'failed', 'cancelled')),
    error           text,
    error_class     text,
    cost_usd        numeric,
    input_tokens    bigint,
    output_tokens   bigint,
    model_used      text,
    session_id      text,
    summary         text,
    opened_at       timestamptz NOT NULL,
    finished_at     timestamptz,
    UNIQUE (review_id, number),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);
CREATE UNIQUE INDEX pr_review_runs_open ON pr_review_runs (review_id) WHERE finished_at IS NULL;

COMMENT ON TABLE pr_review_runs IS 'Runs of reviews; what their process does is in runs, under the same id.';
COMMENT ON COLUMN pr_review_runs.id IS 'Its identity.';
COMMENT ON COLUMN pr_review_runs.review_id IS 'Whose.';
COMMENT ON COLUMN pr_review_runs.number IS 'Which of the review''s runs, from 1.';
COMMENT ON COLUMN pr_review_runs.kind IS 'What it is for: the first look, another one, or an answer.';
COMMENT ON COLUMN pr_review_runs.head IS 'The commit it looks at.';
COMMENT ON COLUMN pr_review_runs.epoch IS 'The review''s epoch during it.';
COMMENT ON COLUMN pr_review_runs.prompt IS 'What the agent was told.';
COMMENT ON COLUMN pr_review_runs.sandbox_id IS 'Where it runs.';
COMMENT ON COLUMN pr_review_runs.resumed_session IS 'The vendor''s session it resumes.';
COMMENT ON COLUMN pr_review_runs.provision_until IS 'When its process must have started.';
COMMENT ON COLUMN pr_review_runs.duration_ms IS 'Milliseconds it may take.';
COMMENT ON COLUMN pr_review_runs.outcome IS 'What came of it; null while it is open.';
COMMENT ON COLUMN pr_review_runs.error IS 'How it failed.';
COMMENT ON COLUMN pr_review_runs.error_class IS 'The class of that failure.';
COMMENT ON COLUMN pr_review_runs.cost_usd IS 'Dollars.';
COMMENT ON COLUMN pr_review_runs.input_tokens IS 'Tokens sent.';
COMMENT ON COLUMN pr_review_runs.output_tokens IS 'Tokens received.';
COMMENT ON COLUMN pr_review_runs.model_used IS 'The model, in its own words.';
COMMENT ON COLUMN pr_review_runs.session_id IS 'The vendor''s session it left.';
COMMENT ON COLUMN pr_review_runs.summary IS 'Its last words.';
COMMENT ON COLUMN pr_review_runs.opened_at IS 'When it was opened.';
COMMENT ON COLUMN pr_review_runs.finished_at IS 'When it was closed.';

CREATE TABLE pr_review_events (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    review_id  uuid        NOT NULL REFERENCES pr_reviews (id) ON DELETE CASCADE,
    run_id     uuid,
    from_state text,
    to_state   text        NOT NULL,
    trigger    text        NOT NULL,
    message    text,
    by         text,
    at         timestamptz NOT NULL
);
CREATE INDEX pr_review_events_of_review ON pr_review_events (review_id, id);

COMMENT ON TABLE pr_review_events IS 'The history of each review: every change of its state.';
COMMENT ON COLUMN pr_review_events.id IS 'Order.';
COMMENT ON COLUMN pr_review_events.review_id IS 'Whose.';
COMMENT ON COLUMN pr_review_events.run_id IS 'The run that was open before or after.';
COMMENT ON COLUMN pr_review_events.from_state IS 'From where; null where it was begun.';
COMMENT ON COLUMN pr_review_events.to_state IS 'Where to.';
COMMENT ON COLUMN pr_review_events.trigger IS 'What happened, in a word.';
COMMENT ON COLUMN pr_review_events.message IS 'Why, in words.';
COMMENT ON COLUMN pr_review_events.by IS 'The person who wanted it.';
COMMENT ON COLUMN pr_review_events.at IS 'When.';

CREATE TABLE pr_review_messages (
    seq       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id        uuid        NOT NULL UNIQUE,
    review_id uuid        NOT NULL REFERENCES pr_reviews (id) ON DELETE CASCADE,
    run_id    uuid,
    role      text        NOT NULL CHECK (role IN ('user', 'assistant')),
    content   text        NOT NULL,
    by        text,
    at        timestamptz NOT NULL
);
CREATE INDEX pr_review_messages_of_review ON pr_review_messages (review_id, seq);
CREATE INDEX pr_review_messages_pending ON pr_review_messages (review_id, seq)
    WHERE role = 'user' AND run_id IS NULL;

COMMENT ON TABLE pr_review_messages IS 'What people and the agent of a review say to each other.';
COMMENT ON COLUMN pr_review_messages.seq IS 'Order.';
COMMENT ON COLUMN pr_review_messages.id IS 'Its identity.';
COMMENT ON COLUMN pr_review_messages.review_id IS 'Of which review.';
COMMENT ON COLUMN pr_review_messages.run_id IS 'The run that was told of it, or that said it; null while it waits.';
COMMENT ON COLUMN pr_review_messages.role IS 'user or assistant.';
COMMENT ON COLUMN pr_review_messages.content IS 'What is said.';
COMMENT ON COLUMN pr_review_messages.by IS 'The person, where it was one.';
COMMENT ON COLUMN pr_review_messages.at IS 'When.';
