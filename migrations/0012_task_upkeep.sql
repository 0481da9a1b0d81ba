-- Worktrees as the pools know them, the files of sandboxes that were ended, and comments on tasks.

CREATE TABLE worktrees (
    id         uuid        PRIMARY KEY,
    pool_id    uuid        NOT NULL REFERENCES pools (id),
    sandbox_id uuid        NOT NULL,
    unpushed   integer,
    dirty      integer,
    discard    boolean     NOT NULL DEFAULT false,
    due_at     timestamptz,
    asked_at   timestamptz,
    kept       text
);
CREATE INDEX worktrees_of_pool ON worktrees (pool_id);

COMMENT ON TABLE worktrees IS 'Worktrees of tasks, from their first run until they are known to be gone.';
COMMENT ON COLUMN worktrees.id IS 'The task, which gives it its name.';
COMMENT ON COLUMN worktrees.pool_id IS 'The pool whose sandbox it is in.';
COMMENT ON COLUMN worktrees.sandbox_id IS 'The sandbox it is in.';
COMMENT ON COLUMN worktrees.unpushed IS 'Commits in it that are on no remote branch; null where nobody has looked since the last run began.';
COMMENT ON COLUMN worktrees.dirty IS 'Files in it that are not committed; null as before.';
COMMENT ON COLUMN worktrees.discard IS 'Whether what is in it may be thrown away: what was to be kept was merged, or it was a review.';
COMMENT ON COLUMN worktrees.due_at IS 'From when on nobody needs it; null while somebody does.';
COMMENT ON COLUMN worktrees.asked_at IS 'When its runner was last asked to remove it.';
COMMENT ON COLUMN worktrees.kept IS 'Why its runner did not remove it, in words.';

ALTER TABLE sandboxes ADD COLUMN dormant_since timestamptz;

COMMENT ON COLUMN sandboxes.dormant_since IS 'When its processes were ended while its files stayed; null while it is in use.';

CREATE TABLE task_comments (
    id         uuid        PRIMARY KEY,
    task_id    uuid        NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    user_id    text        NOT NULL,
    content    text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX task_comments_of_task ON task_comments (task_id, created_at, id);

COMMENT ON TABLE task_comments IS 'What people say to each other about a task; its agent is not told.';
COMMENT ON COLUMN task_comments.id IS 'Its identity.';
COMMENT ON COLUMN task_comments.task_id IS 'About which task.';
COMMENT ON COLUMN task_comments.user_id IS 'Who says it; nobody else may change it.';
COMMENT ON COLUMN task_comments.content IS 'What is said.';
COMMENT ON COLUMN task_comments.created_at IS 'When it was said.';
COMMENT ON COLUMN task_comments.updated_at IS 'When it was last changed.';
