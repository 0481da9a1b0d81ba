-- Tasks: work on a repository that ends in a merged pull request; the pull requests that are watched; the
-- pools of sandboxes that tasks run in.

CREATE TABLE pools (
    id         uuid        PRIMARY KEY,
    workspace  text        NOT NULL,
    repo_url   text        NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (workspace, repo_url)
);

COMMENT ON TABLE pools IS 'The sandboxes of one repository in one workspace; each is an actor.';
COMMENT ON COLUMN pools.id IS 'Its identity; whatever runs in its sandboxes lives in the same shard.';
COMMENT ON COLUMN pools.workspace IS 'Whose: sandboxes are never shared between workspaces.';
COMMENT ON COLUMN pools.repo_url IS 'The repository, without credentials.';
COMMENT ON COLUMN pools.created_at IS 'When its first task was accepted.';

CREATE TABLE pulls (
    id            uuid        PRIMARY KEY,
    workspace     text        NOT NULL,
    repo_url      text        NOT NULL,
    number        bigint      NOT NULL,
    url           text        NOT NULL,
    status        text        NOT NULL CHECK (status IN ('open', 'merged', 'closed')),
    head          text        NOT NULL,
    base          text        NOT NULL,
    draft         boolean     NOT NULL,
    mergeable     boolean,
    checks        text        NOT NULL CHECK (checks IN ('unknown', 'none', 'pending', 'passing', 'failing')),
    failed_checks text[]      NOT NULL DEFAULT '{}',
    review        text        NOT NULL CHECK (review IN ('none', 'approved', 'changes_requested')),
    review_id     text,
    review_text   text,
    seen_at       timestamptz NOT NULL,
    looked_at     timestamptz,
    etag          text,
    troubles      integer     NOT NULL DEFAULT 0,
    trouble       text,
    hold_until    timestamptz,
    created_at    timestamptz NOT NULL,
    UNIQUE (workspace, repo_url, number)
);

COMMENT ON TABLE pulls IS 'Pull requests that tasks have opened, as they were last seen; each is an actor that watches it.';
COMMENT ON COLUMN pulls.id IS 'Its identity.';
COMMENT ON COLUMN pulls.workspace IS 'Whose.';
COMMENT ON COLUMN pulls.repo_url IS 'The repository, without credentials.';
COMMENT ON COLUMN pulls.number IS 'Its number there.';
COMMENT ON COLUMN pulls.url IS 'Where people read it.';
COMMENT ON COLUMN pulls.status IS 'open, merged or closed.';
COMMENT ON COLUMN pulls.head IS 'The commit it would merge; checks and approvals are those of this commit.';
COMMENT ON COLUMN pulls.base IS 'The branch it merges into.';
COMMENT ON COLUMN pulls.draft IS 'Whether its author calls it unfinished.';
COMMENT ON COLUMN pulls.mergeable IS 'Whether it merges without conflicts; null while the host has not found out.';
COMMENT ON COLUMN pulls.checks IS 'What its checks say together; unknown before anybody looked at those of this head.';
COMMENT ON COLUMN pulls.failed_checks IS 'The names of those that failed.';
COMMENT ON COLUMN pulls.review IS 'What its reviewers say together.';
COMMENT ON COLUMN pulls.review_id IS 'The review that decides it, by the host''s name for it.';
COMMENT ON COLUMN pulls.review_text IS 'What that review says.';
COMMENT ON COLUMN pulls.seen_at IS 'When all of this was seen.';
COMMENT ON COLUMN pulls.looked_at IS 'When its watcher last got an answer; null before the first.';
COMMENT ON COLUMN pulls.etag IS 'The host''s name of the version that was seen.';
COMMENT ON COLUMN pulls.troubles IS 'Looks in a row that failed.';
COMMENT ON COLUMN pulls.trouble IS 'How the last look failed; null where it did not.';
COMMENT ON COLUMN pulls.hold_until IS 'Not before this is it looked at again.';
COMMENT ON COLUMN pulls.created_at IS 'Since when it is watched.';

CREATE TABLE tasks (
    id              uuid        PRIMARY KEY,
    workspace       text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('coding', 'review')),
    title           text        NOT NULL,
    prompt          text        NOT NULL,
    repo_url        text        NOT NULL,
    base_branch     text        NOT NULL,
    agent_type      text        NOT NULL,
    model           text,
    priority        integer     NOT NULL,
    retries_max     integer     NOT NULL,
    ticket_source   text,
    ticket_id       text,
    metadata        jsonb,
    parent_id       uuid        REFERENCES tasks (id) ON DELETE CASCADE,
    blocks_parent   boolean     NOT NULL DEFAULT false,
    head            text,
    pool_id         uuid        NOT NULL REFERENCES pools (id),
    sandbox_id      uuid,
    pull_id         uuid        REFERENCES pulls (id),
    state           text        NOT NULL CHECK (state IN ('pending', 'waiting_on_deps', 'queued', 'provisioning',
                    'running', 'needs_attention', 'pr_opened', 'completed', 'failed', 'cancelled')),
    open_run        uuid,
    state_since     timestamptz NOT NULL,
    state_reason    text,
    intent          text        CHECK (intent IN ('cancel', 'retry', 'resume', 'restart', 'redo')),
    intent_words    text,
    brief           jsonb       NOT NULL DEFAULT '{"why": "start"}',
    fresh           boolean     NOT NULL DEFAULT false,
    acted           jsonb       NOT NULL DEFAULT '{}',
    auto_resumes    integer     NOT NULL DEFAULT 0,
    retries         integer     NOT NULL DEFAULT 0,
    rate_limits     integer     NOT NULL DEFAULT 0,
    runs_taken      integer     NOT NULL DEFAULT 0,
    hold_until      timestamptz,
    hold_reason     text,
    ignore_off_peak boolean     NOT NULL DEFAULT false,
    session_id      text,
    summary         text,
    error           text,
    error_class     text,
    cost_usd        numeric     NOT NULL DEFAULT 0,
    input_tokens    bigint      NOT NULL DEFAULT 0,
    output_tokens   bigint      NOT NULL DEFAULT 0,
    model_used      text,
    unpushed        integer     NOT NULL DEFAULT 0,
    dirty           integer     NOT NULL DEFAULT 0,
    verdict         text        CHECK (verdict IN ('approve', 'request_changes', 'comment')),
    verdict_told_at timestamptz,
    ticket_told_at  timestamptz,
    created_by      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    CHECK ((open_run IS NOT NULL) = (state IN ('provisioning', 'running')))
);
CREATE INDEX tasks_of_workspace ON tasks (workspace, created_at DESC, id DESC);
CREATE INDEX tasks_by_state ON tasks (workspace, state, created_at DESC, id DESC);
CREATE INDEX tasks_queued ON tasks (priority, created_at, id) WHERE state = 'queued';
CREATE INDEX tasks_at_work ON tasks (pool_id) WHERE state IN ('provisioning', 'running');
CREATE INDEX tasks_of_pull ON tasks (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX tasks_of_parent ON tasks (parent_id, created_at) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_of_pool ON tasks (pool_id, sandbox_id);
CREATE UNIQUE INDEX tasks_of_ticket ON tasks (workspace, repo_url, ticket_source, ticket_id)
    WHERE ticket_id IS NOT NULL AND parent_id IS NULL AND state NOT IN ('completed', 'failed', 'cancelled');
CREATE UNIQUE INDEX tasks_review_of_head ON tasks (parent_id, head) WHERE kind = 'review';

COMMENT ON TABLE tasks IS 'Tasks; each is an actor.';
COMMENT ON COLUMN tasks.id IS 'Its identity; its last byte is that of its pool, so that both live in one shard.';
COMMENT ON COLUMN tasks.workspace IS 'Whose.';
COMMENT ON COLUMN tasks.kind IS 'coding ends in a pull request, review in a verdict on one.';
COMMENT ON COLUMN tasks.title IS 'One line for people.';
COMMENT ON COLUMN tasks.prompt IS 'What the agent is to do.';
COMMENT ON COLUMN tasks.repo_url IS 'The repository, without credentials.';
COMMENT ON COLUMN tasks.base_branch IS 'The branch it starts from and merges into.';
COMMENT ON COLUMN tasks.agent_type IS 'The agent program.';
COMMENT ON COLUMN tasks.model IS 'The model, where one is chosen.';
COMMENT ON COLUMN tasks.priority IS 'The lower, the sooner.';
COMMENT ON COLUMN tasks.retries_max IS 'How often a failed run is tried again by itself.';
COMMENT ON COLUMN tasks.ticket_source IS 'Where its ticket is, such as github.';
COMMENT ON COLUMN tasks.ticket_id IS 'Its ticket''s name there; one task at a time may have it.';
COMMENT ON COLUMN tasks.metadata IS 'Whatever its creator wants to find again.';
COMMENT ON COLUMN tasks.parent_id IS 'The task it is part of.';
COMMENT ON COLUMN tasks.blocks_parent IS 'Whether that task''s pull request waits for it.';
COMMENT ON COLUMN tasks.head IS 'The commit a review looks at; one review per commit.';
COMMENT ON COLUMN tasks.pool_id IS 'Where it may run.';
COMMENT ON COLUMN tasks.sandbox_id IS 'Where it last ran: its worktree is there, and there it goes on.';
COMMENT ON COLUMN tasks.pull_id IS 'Its pull request, once it was seen.';
COMMENT ON COLUMN tasks.state IS 'Where it stands: docs/states/task.mmd.';
COMMENT ON COLUMN tasks.open_run IS 'The open run, in the two states that have one.';
COMMENT ON COLUMN tasks.state_since IS 'Since when it stands there.';
COMMENT ON COLUMN tasks.state_reason IS 'Why it got there, in words.';
COMMENT ON COLUMN tasks.intent IS 'What a person wants and was not done yet.';
COMMENT ON COLUMN tasks.intent_words IS 'What the person said.';
COMMENT ON COLUMN tasks.brief IS 'Why the next run is opened, and what it is told first.';
COMMENT ON COLUMN tasks.fresh IS 'Whether the next run throws away what is in the worktree: only a person wants that.';
COMMENT ON COLUMN tasks.acted IS 'Which changes of the pull request were acted on.';
COMMENT ON COLUMN tasks.auto_resumes IS 'How often it was sent back by itself since a person last said something.';
COMMENT ON COLUMN tasks.retries IS 'Failed runs that were tried again by themselves.';
COMMENT ON COLUMN tasks.rate_limits IS 'Rate limits in a row.';
COMMENT ON COLUMN tasks.runs_taken IS 'Runs so far.';
COMMENT ON COLUMN tasks.hold_until IS 'Not before this does it go on.';
COMMENT ON COLUMN tasks.hold_reason IS 'Why, in words.';
COMMENT ON COLUMN tasks.ignore_off_peak IS 'Whether it starts whatever the hour.';
COMMENT ON COLUMN tasks.session_id IS 'The vendor''s session that the next run resumes.';
COMMENT ON COLUMN tasks.summary IS 'The last words of its last run.';
COMMENT ON COLUMN tasks.error IS 'How its last run failed; null where it did not.';
COMMENT ON COLUMN tasks.error_class IS 'The class of that failure.';
COMMENT ON COLUMN tasks.cost_usd IS 'Dollars of all its runs.';
COMMENT ON COLUMN tasks.input_tokens IS 'Tokens sent in all its runs.';
COMMENT ON COLUMN tasks.output_tokens IS 'Tokens received in all its runs.';
COMMENT ON COLUMN tasks.model_used IS 'The model of its last run, in its own words.';
COMMENT ON COLUMN tasks.unpushed IS 'Commits in its worktree that are on no remote branch, after its last run.';
COMMENT ON COLUMN tasks.dirty IS 'Files in its worktree that are not committed, after its last run.';
COMMENT ON COLUMN tasks.verdict IS 'What a review decided.';
COMMENT ON COLUMN tasks.verdict_told_at IS 'When the git host was told so.';
COMMENT ON COLUMN tasks.ticket_told_at IS 'When its ticket was closed.';
COMMENT ON COLUMN tasks.created_by IS 'Who asked for it.';
COMMENT ON COLUMN tasks.created_at IS 'When it was accepted.';
COMMENT ON COLUMN tasks.updated_at IS 'When anything about it last changed.';
COMMENT ON COLUMN tasks.started_at IS 'When its first run started.';
COMMENT ON COLUMN tasks.finished_at IS 'Since when it is over.';

CREATE TABLE task_runs (
    id              uuid        PRIMARY KEY,
    task_id         uuid        NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    number          integer     NOT NULL,
    epoch           bigint      NOT NULL,
    brief           jsonb       NOT NULL,
    plans           boolean     NOT NULL,
    fresh           boolean     NOT NULL,
    prompt          text        NOT NULL,
    sandbox_id      uuid        NOT NULL,
    resumed_session text,
    provision_until timestamptz NOT NULL,
    duration_ms     bigint      NOT NULL,
    outcome         text,
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
    UNIQUE (task_id, number)
);
CREATE UNIQUE INDEX task_runs_open ON task_runs (task_id) WHERE finished_at IS NULL;

COMMENT ON TABLE task_runs IS 'Runs of tasks; what their process does is in runs, under the same id.';
COMMENT ON COLUMN task_runs.id IS 'Its identity.';
COMMENT ON COLUMN task_runs.task_id IS 'Whose.';
COMMENT ON COLUMN task_runs.number IS 'Which of the task''s runs, from 1.';
COMMENT ON COLUMN task_runs.epoch IS 'The task''s epoch during it.';
COMMENT ON COLUMN task_runs.brief IS 'Why it was opened.';
COMMENT ON COLUMN task_runs.plans IS 'Whether it only plans.';
COMMENT ON COLUMN task_runs.fresh IS 'Whether it threw away what was in the worktree.';
COMMENT ON COLUMN task_runs.prompt IS 'What the agent was told.';
COMMENT ON COLUMN task_runs.sandbox_id IS 'Where it runs.';
COMMENT ON COLUMN task_runs.resumed_session IS 'The vendor''s session it resumes.';
COMMENT ON COLUMN task_runs.provision_until IS 'When its process must have started.';
COMMENT ON COLUMN task_runs.duration_ms IS 'Milliseconds it may take.';
COMMENT ON COLUMN task_runs.outcome IS 'What it meant for the task.';
COMMENT ON COLUMN task_runs.error IS 'How it failed.';
COMMENT ON COLUMN task_runs.error_class IS 'The class of that failure.';
COMMENT ON COLUMN task_runs.cost_usd IS 'Dollars.';
COMMENT ON COLUMN task_runs.input_tokens IS 'Tokens sent.';
COMMENT ON COLUMN task_runs.output_tokens IS 'Tokens received.';
COMMENT ON COLUMN task_runs.model_used IS 'The model, in its own words.';
COMMENT ON COLUMN task_runs.session_id IS 'The vendor''s session it left.';
COMMENT ON COLUMN task_runs.summary IS 'Its last words.';
COMMENT ON COLUMN task_runs.started_at IS 'When it was opened.';
COMMENT ON COLUMN task_runs.finished_at IS 'When it was closed.';

CREATE TABLE task_dependencies (
    task_id    uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    depends_on uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (task_id, depends_on),
    CHECK (task_id <> depends_on)
);
CREATE INDEX task_dependents ON task_dependencies (depends_on);

COMMENT ON TABLE task_dependencies IS 'Tasks that have to be completed before another begins; never a circle.';
COMMENT ON COLUMN task_dependencies.task_id IS 'Which waits.';
COMMENT ON COLUMN task_dependencies.depends_on IS 'For which.';

CREATE TABLE task_events (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id    uuid        NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    from_state text,
    to_state   text        NOT NULL,
    trigger    text        NOT NULL,
    message    text,
    by         text,
    at         timestamptz NOT NULL
);
CREATE INDEX task_events_of_task ON task_events (task_id, id);

COMMENT ON TABLE task_events IS 'The history of each task: every change of its state.';
COMMENT ON COLUMN task_events.id IS 'Order.';
COMMENT ON COLUMN task_events.task_id IS 'Whose.';
COMMENT ON COLUMN task_events.from_state IS 'From where; null where it was created.';
COMMENT ON COLUMN task_events.to_state IS 'Where to.';
COMMENT ON COLUMN task_events.trigger IS 'What happened, in a word.';
COMMENT ON COLUMN task_events.message IS 'Why, in words.';
COMMENT ON COLUMN task_events.by IS 'The person who wanted it.';
COMMENT ON COLUMN task_events.at IS 'When.';

COMMENT ON COLUMN actors.kind IS 'What it is: agent, pool, pull-request or task.';

CREATE INDEX runs_in_sandbox ON runs (sandbox_id) WHERE state <> 'ended';
CREATE INDEX sandboxes_of_actor ON sandboxes (actor_kind, actor_id);

CREATE TABLE task_inputs (
    run_id     uuid        NOT NULL REFERENCES task_runs (id) ON DELETE CASCADE,
    message_id uuid        NOT NULL,
    given_at   timestamptz NOT NULL,
    taken_at   timestamptz,
    PRIMARY KEY (run_id, message_id)
);

COMMENT ON TABLE task_inputs IS 'Messages that were given to a task''s run while it ran. Those it did not take go back when it closes.';
COMMENT ON COLUMN task_inputs.run_id IS 'The run.';
COMMENT ON COLUMN task_inputs.message_id IS 'The message.';
COMMENT ON COLUMN task_inputs.given_at IS 'When its runner was last told.';
COMMENT ON COLUMN task_inputs.taken_at IS 'When the agent''s process was told, by the runner''s clock.';
