-- Files that runs have left in their outputs.

CREATE TABLE run_files (
    run_id      uuid        NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path        text        NOT NULL,
    bytes       bigint      NOT NULL DEFAULT 0,
    sha256      text,
    mode        integer,
    complete    boolean     NOT NULL DEFAULT false,
    left_reason text,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (run_id, path),
    CHECK (NOT complete OR (sha256 IS NOT NULL AND mode IS NOT NULL AND left_reason IS NULL))
);
CREATE INDEX run_files_by_age ON run_files (created_at);

COMMENT ON TABLE run_files IS 'What runs have left in their outputs, as their runners said it: files that are kept, and files that are not.';
COMMENT ON COLUMN run_files.run_id IS 'Which run has left it.';
COMMENT ON COLUMN run_files.path IS 'Where, below the outputs; a dot where all of them are meant.';
COMMENT ON COLUMN run_files.bytes IS 'Bytes that have come so far.';
COMMENT ON COLUMN run_files.sha256 IS 'The SHA-256 of its content, in hexadecimal digits, once it is complete.';
COMMENT ON COLUMN run_files.mode IS 'Its permission bits.';
COMMENT ON COLUMN run_files.complete IS 'Whether all of it has come and its digest is right. Nothing else is shown as a file.';
COMMENT ON COLUMN run_files.left_reason IS 'Why it is not kept, in words; null where it is, or is still coming.';
COMMENT ON COLUMN run_files.created_at IS 'When its runner first spoke of it.';

CREATE TABLE run_file_pieces (
    run_id  uuid   NOT NULL,
    path    text   NOT NULL,
    at_byte bigint NOT NULL,
    content bytea  NOT NULL,
    PRIMARY KEY (run_id, path, at_byte),
    FOREIGN KEY (run_id, path) REFERENCES run_files (run_id, path) ON DELETE CASCADE
);

COMMENT ON TABLE run_file_pieces IS 'The content of files of runs, in the parts in which it came.';
COMMENT ON COLUMN run_file_pieces.run_id IS 'Of which run.';
COMMENT ON COLUMN run_file_pieces.path IS 'Of which file.';
COMMENT ON COLUMN run_file_pieces.at_byte IS 'How many bytes of the file come before.';
COMMENT ON COLUMN run_file_pieces.content IS 'The bytes.';
