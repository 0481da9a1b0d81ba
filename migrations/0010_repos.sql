-- Repositories that tasks work on, with the settings that are carried out.

CREATE TABLE repos (
    id                       uuid        PRIMARY KEY,
    workspace                text        NOT NULL,
    repo_url                 text        NOT NULL,
    full_name                text        NOT NULL,
    git_platform             text        NOT NULL CHECK (git_platform IN ('github', 'gitlab')),
    default_branch           text        NOT NULL,
    default_agent_type       text        NOT NULL,
    claude_model             text        NOT NULL,
    max_turns_coding         integer     NOT NULL CHECK (max_turns_coding BETWEEN 1 AND 10000),
    max_turns_review         integer     NOT NULL CHECK (max_turns_review BETWEEN 1 AND 10000),
    auto_merge               boolean     NOT NULL,
    cautious_mode            boolean     NOT NULL,
    auto_resume              boolean     NOT NULL,
    max_auto_resumes         integer     CHECK (max_auto_resumes BETWEEN 1 AND 100),
    planning_mode_enabled    boolean     NOT NULL,
    max_concurrent_tasks     integer     NOT NULL CHECK (max_concurrent_tasks BETWEEN 1 AND 50),
    max_pod_instances        integer     NOT NULL CHECK (max_pod_instances BETWEEN 1 AND 20),
    max_agents_per_pod       integer     NOT NULL CHECK (max_agents_per_pod BETWEEN 1 AND 50),
    review_enabled           boolean     NOT NULL,
    review_trigger           text        NOT NULL CHECK (review_trigger IN ('manual', 'on_pr', 'on_ci_pass')),
    review_model             text        NOT NULL,
    review_agent_type        text,
    review_prompt_template   text,
    prompt_template_override text,
    test_command             text,
    off_peak_only            boolean     NOT NULL,
    created_by               text        NOT NULL,
    created_at               timestamptz NOT NULL,
    updated_at               timestamptz NOT NULL,
    CONSTRAINT repos_of_one_address UNIQUE (workspace, repo_url)
);
CREATE INDEX repos_by_age ON repos (workspace, created_at, id);

COMMENT ON TABLE repos IS 'Repositories that tasks work on, and what people decided about them.';
COMMENT ON COLUMN repos.id IS 'Its identity.';
COMMENT ON COLUMN repos.workspace IS 'Whose it is.';
COMMENT ON COLUMN repos.repo_url IS 'Its address in its one form: https, the host in lower case, no .git.';
COMMENT ON COLUMN repos.full_name IS 'Owner and name.';
COMMENT ON COLUMN repos.git_platform IS 'Who hosts it: github or gitlab.';
COMMENT ON COLUMN repos.default_branch IS 'The branch tasks begin from and pull requests go to.';
COMMENT ON COLUMN repos.default_agent_type IS 'Which agent program works on it.';
COMMENT ON COLUMN repos.claude_model IS 'Which model that is given.';
COMMENT ON COLUMN repos.max_turns_coding IS 'Model calls in one run that writes code.';
COMMENT ON COLUMN repos.max_turns_review IS 'Model calls in one run that reviews.';
COMMENT ON COLUMN repos.auto_merge IS 'Whether pull requests that are green, and approved where review is on, are merged.';
COMMENT ON COLUMN repos.cautious_mode IS 'Whether pull requests are drafts and never merged by themselves.';
COMMENT ON COLUMN repos.auto_resume IS 'Whether a task goes on by itself when checks fail, a review asks for changes or it conflicts.';
COMMENT ON COLUMN repos.max_auto_resumes IS 'How often it does so since a person last acted; null is the limit of the server.';
COMMENT ON COLUMN repos.planning_mode_enabled IS 'Whether the first run only plans, and a person lets it go on.';
COMMENT ON COLUMN repos.max_concurrent_tasks IS 'Tasks that may run at once.';
COMMENT ON COLUMN repos.max_pod_instances IS 'Sandboxes it may have at once.';
COMMENT ON COLUMN repos.max_agents_per_pod IS 'Agents that may work in one sandbox at once.';
COMMENT ON COLUMN repos.review_enabled IS 'Whether pull requests are reviewed by an agent.';
COMMENT ON COLUMN repos.review_trigger IS 'When a review begins by itself: manual (never), on_pr, or on_ci_pass.';
COMMENT ON COLUMN repos.review_model IS 'Which model reviews.';
COMMENT ON COLUMN repos.review_agent_type IS 'Which agent program reviews; null is the one that works on it.';
COMMENT ON COLUMN repos.review_prompt_template IS 'The prompt of a review; null is the built-in one.';
COMMENT ON COLUMN repos.prompt_template_override IS 'The prompt of a task; null is the built-in one.';
COMMENT ON COLUMN repos.test_command IS 'The command that tests it, told to agents.';
COMMENT ON COLUMN repos.off_peak_only IS 'Whether tasks begin outside of peak hours only.';
COMMENT ON COLUMN repos.created_by IS 'Who added it.';
COMMENT ON COLUMN repos.created_at IS 'When it was added.';
COMMENT ON COLUMN repos.updated_at IS 'When its settings last changed.';
