-- What people look back on: what runs have cost since a day, and what has happened, without the lines of runs.

CREATE INDEX turns_by_end ON turns (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX task_runs_by_end ON task_runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX pr_review_runs_by_end ON pr_review_runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX events_notable ON events (id) WHERE type NOT LIKE '%:log';
