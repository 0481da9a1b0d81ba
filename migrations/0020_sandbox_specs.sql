-- What people decide about the sandboxes of repositories, jobs and agents. An older replica that writes beside a
-- newer one leaves it as the installation has it.

ALTER TABLE repos  ADD COLUMN sandbox jsonb NOT NULL DEFAULT '{}';
ALTER TABLE jobs   ADD COLUMN sandbox jsonb NOT NULL DEFAULT '{}';
ALTER TABLE agents ADD COLUMN sandbox jsonb NOT NULL DEFAULT '{}';

COMMENT ON COLUMN repos.sandbox IS 'Image, resources, node and network of its sandboxes, as far as people decided.';
COMMENT ON COLUMN jobs.sandbox IS 'Image, resources, node and network of its sandboxes, as far as people decided.';
COMMENT ON COLUMN agents.sandbox IS 'Image, resources, node and network of its sandbox, as far as people decided.';
