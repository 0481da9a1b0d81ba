-- Jobs and blueprints, the runs they start, and triggers for everything that can be started.

CREATE TABLE jobs (
    id            uuid        PRIMARY KEY,
    workspace     text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('standalone', 'blueprint')),
    name          text        NOT NULL,
    description   text,
    title         text,
    prompt        text        NOT NULL,
    template_id   uuid,
    repo_url      text,
    base_branch   text,
    agent_type    text        NOT NULL,
    model         text,
    priority      integer     NOT NULL,
    retries_max   integer     NOT NULL,
    turns_max     integer,
    budget_usd    numeric,
    runs_max      integer     NOT NULL,
    warm          integer     NOT NULL,
    sandboxes_max integer     NOT NULL,
    runs_each_max integer     NOT NULL,
    environment   jsonb,
    params_schema jsonb,
    enabled       boolean     NOT NULL,
    pool_id       uuid        NOT NULL REFERENCES pools (id),
    deleted_at    timestamptz,
    created_by    text        NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CHECK (kind = 'standalone' OR (title IS NOT NULL AND repo_url IS NOT NULL))
);
CREATE UNIQUE INDEX jobs_by_name ON jobs (workspace, kind, name) WHERE deleted_at IS NULL;
CREATE INDEX jobs_of_workspace ON jobs (workspace, created_at DESC, id DESC) WHERE deleted_at IS NULL;

COMMENT ON TABLE jobs IS 'Work that can be started again and again; each is an actor.';
COMMENT ON COLUMN jobs.id IS 'Its identity.';
COMMENT ON COLUMN jobs.workspace IS 'Whose.';
COMMENT ON COLUMN jobs.kind IS 'standalone: its runs end when their agent is done; blueprint: its runs are tasks that end in a pull request.';
COMMENT ON COLUMN jobs.name IS 'Its name, unique among those of its kind in its workspace.';
COMMENT ON COLUMN jobs.description IS 'For people.';
COMMENT ON COLUMN jobs.title IS 'The title of each run, a template; a job''s runs have its name where it is missing.';
COMMENT ON COLUMN jobs.prompt IS 'What the agent of each run is to do, a template.';
COMMENT ON COLUMN jobs.template_id IS 'The template of the library that takes the place of the prompt.';
COMMENT ON COLUMN jobs.repo_url IS 'The repository, without credentials; null where a job has none.';
COMMENT ON COLUMN jobs.base_branch IS 'The branch its runs start from; null for the repository''s own.';
COMMENT ON COLUMN jobs.agent_type IS 'The agent program.';
COMMENT ON COLUMN jobs.model IS 'The model, where one is chosen.';
COMMENT ON COLUMN jobs.priority IS 'The lower, the sooner.';
COMMENT ON COLUMN jobs.retries_max IS 'How often a failed run is tried again by itself.';
COMMENT ON COLUMN jobs.turns_max IS 'Model calls of one attempt; null for the installation''s own limit.';
COMMENT ON COLUMN jobs.budget_usd IS 'Dollars one run may cost, all its attempts together.';
COMMENT ON COLUMN jobs.runs_max IS 'Runs of it at once.';
COMMENT ON COLUMN jobs.warm IS 'Sandboxes kept started while nothing runs in them.';
COMMENT ON COLUMN jobs.sandboxes_max IS 'Sandboxes at once.';
COMMENT ON COLUMN jobs.runs_each_max IS 'Runs in one sandbox at once.';
COMMENT ON COLUMN jobs.environment IS 'What each run finds: environment variables and a setup script.';
COMMENT ON COLUMN jobs.params_schema IS 'JSON Schema of the parameters of a run.';
COMMENT ON COLUMN jobs.enabled IS 'Whether it can be started.';
COMMENT ON COLUMN jobs.pool_id IS 'Where its runs may run: its own pool, or that of its blueprint''s repository.';
COMMENT ON COLUMN jobs.deleted_at IS 'Since when it is gone; its runs stay.';
COMMENT ON COLUMN jobs.created_by IS 'Who made it.';
COMMENT ON COLUMN jobs.created_at IS 'When it was made.';
COMMENT ON COLUMN jobs.updated_at IS 'When it last changed.';

ALTER TABLE pools ALTER COLUMN repo_url DROP NOT NULL;
ALTER TABLE pools ADD COLUMN job_id uuid UNIQUE;
ALTER TABLE pools ADD CHECK ((repo_url IS NULL) <> (job_id IS NULL));

COMMENT ON COLUMN pools.repo_url IS 'The repository whose it is; null where it is a job''s.';
COMMENT ON COLUMN pools.job_id IS 'The job whose it is; null where it is a repository''s.';

ALTER TABLE tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE tasks ADD CHECK (kind IN ('coding', 'review', 'job'));
ALTER TABLE tasks ADD COLUMN job_id uuid REFERENCES jobs (id);
ALTER TABLE tasks ADD COLUMN trigger_id uuid;
ALTER TABLE tasks ADD COLUMN params jsonb;
ALTER TABLE tasks ADD COLUMN hops integer NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD CHECK (kind <> 'job' OR job_id IS NOT NULL);
CREATE INDEX tasks_of_job ON tasks (job_id, created_at DESC, id DESC) WHERE job_id IS NOT NULL;
CREATE INDEX tasks_of_trigger ON tasks (trigger_id, created_at) WHERE trigger_id IS NOT NULL;

COMMENT ON COLUMN tasks.kind IS 'coding ends in a pull request, review in a verdict on one, job when its agent is done.';
COMMENT ON COLUMN tasks.repo_url IS 'The repository, without credentials; empty where a job has none.';
COMMENT ON COLUMN tasks.job_id IS 'The job or blueprint it is a run of.';
COMMENT ON COLUMN tasks.trigger_id IS 'The trigger that started it; null where a person did.';
COMMENT ON COLUMN tasks.params IS 'The parameters it was started with.';
COMMENT ON COLUMN tasks.hops IS 'How many runs and messages of ours have caused each other until this one.';

CREATE INDEX runs_open ON runs (actor_kind, actor_id) WHERE open;

ALTER TABLE triggers DROP CONSTRAINT triggers_target_type_check;
ALTER TABLE triggers DROP CONSTRAINT triggers_type_check;
ALTER TABLE triggers ADD CHECK (target_type IN ('persistent_agent', 'job', 'task_config'));
ALTER TABLE triggers ADD CHECK (type IN ('manual', 'schedule', 'webhook', 'ticket'));
ALTER TABLE triggers ADD COLUMN path text;
ALTER TABLE triggers ADD COLUMN fires bigint NOT NULL DEFAULT 0;
ALTER TABLE triggers ADD COLUMN outcome text;
ALTER TABLE triggers ADD COLUMN outcome_at timestamptz;
ALTER TABLE triggers ADD COLUMN disabled_reason text;
ALTER TABLE triggers ADD CHECK ((type = 'webhook') = (path IS NOT NULL));
CREATE UNIQUE INDEX triggers_by_path ON triggers (path) WHERE path IS NOT NULL;

COMMENT ON COLUMN triggers.target_type IS 'What it wakes: persistent_agent, job or task_config (a blueprint).';
COMMENT ON COLUMN triggers.type IS 'manual, schedule, webhook or ticket.';
COMMENT ON COLUMN triggers.config IS 'Its settings, without secrets.';
COMMENT ON COLUMN triggers.param_mapping IS 'For a webhook or a ticket where each parameter is found, else the parameters themselves.';
COMMENT ON COLUMN triggers.path IS 'The last part of the address at which a webhook is heard.';
COMMENT ON COLUMN triggers.fires IS 'How often it has fired.';
COMMENT ON COLUMN triggers.outcome IS 'What came of its last fire, in words.';
COMMENT ON COLUMN triggers.outcome_at IS 'When that was.';
COMMENT ON COLUMN triggers.disabled_reason IS 'Why it was disabled by itself.';
