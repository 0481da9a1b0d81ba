-- A host that is asked whether a pull request merges may have to find out first.

ALTER TABLE pulls ADD COLUMN unsettled_since timestamptz;
ALTER TABLE pulls DROP COLUMN etag;

COMMENT ON COLUMN pulls.unsettled_since IS 'Since when the host has not found out whether it merges; null where it has.';
