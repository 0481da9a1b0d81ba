-- The library of prompt templates, and which of them the prompts of a workspace begin with.

CREATE TABLE prompt_templates (
    id                 uuid        PRIMARY KEY,
    workspace          text        NOT NULL,
    kind               text        NOT NULL CHECK (kind IN ('prompt', 'review', 'job', 'task')),
    name               text        NOT NULL,
    template           text        NOT NULL,
    description        text,
    params_schema      jsonb,
    default_agent_type text,
    is_default         boolean     NOT NULL CHECK (NOT is_default OR kind IN ('prompt', 'review')),
    created_by         text        NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CONSTRAINT prompt_templates_of_one_name UNIQUE (workspace, kind, name)
);
CREATE UNIQUE INDEX prompt_templates_of_all ON prompt_templates (workspace, kind) WHERE is_default;
CREATE INDEX prompt_templates_by_age ON prompt_templates (workspace, created_at, id);

COMMENT ON TABLE prompt_templates IS 'Texts that people keep for agents, each for one kind of prompt.';
COMMENT ON COLUMN prompt_templates.id IS 'Its identity.';
COMMENT ON COLUMN prompt_templates.workspace IS 'Whose it is.';
COMMENT ON COLUMN prompt_templates.kind IS 'What it is for: prompt (the words of tasks), review (the words of reviews), job, or task (what a blueprint tells a task).';
COMMENT ON COLUMN prompt_templates.name IS 'Unique in the workspace among those of its kind.';
COMMENT ON COLUMN prompt_templates.template IS 'The text, in the one template language.';
COMMENT ON COLUMN prompt_templates.description IS 'For people.';
COMMENT ON COLUMN prompt_templates.params_schema IS 'A JSON Schema of the parameters of a job or a task; null is any.';
COMMENT ON COLUMN prompt_templates.default_agent_type IS 'Which agent program a job or a task is given it with, where nobody says; null is the default of those.';
COMMENT ON COLUMN prompt_templates.is_default IS 'Whether the prompts or reviews of the workspace begin with it where their repository has no words of its own.';
COMMENT ON COLUMN prompt_templates.created_by IS 'Who made it.';
COMMENT ON COLUMN prompt_templates.created_at IS 'When it was made.';
COMMENT ON COLUMN prompt_templates.updated_at IS 'When it last changed.';
