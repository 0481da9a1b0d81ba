-- Secrets: sealed with AES-256-GCM, each bound to its row, and the keys they are sealed with by name.

CREATE TABLE secret_keys (
    id         text        PRIMARY KEY,
    current    boolean     NOT NULL,
    nonce      bytea       NOT NULL CHECK (octet_length(nonce) = 12),
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX secret_keys_current ON secret_keys (current) WHERE current;

COMMENT ON TABLE secret_keys IS 'The keys that secrets are sealed with: their names, never the keys.';
COMMENT ON COLUMN secret_keys.id IS 'The name of the key, a part of its hash.';
COMMENT ON COLUMN secret_keys.current IS 'Whether secrets are sealed with it from now on; the others only open what is not yet sealed anew.';
COMMENT ON COLUMN secret_keys.nonce IS 'The nonce of the check value.';
COMMENT ON COLUMN secret_keys.sealed IS 'The check value: a known text sealed with the key, by which a wrong key is noticed.';
COMMENT ON COLUMN secret_keys.created_at IS 'Since when it is used.';

CREATE TABLE secrets (
    id         uuid        PRIMARY KEY,
    workspace  text,
    scope      text        NOT NULL,
    user_id    text,
    name       text        NOT NULL,
    key_id     text        NOT NULL REFERENCES secret_keys (id),
    nonce      bytea       NOT NULL CHECK (octet_length(nonce) = 12),
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT secrets_of_one_place UNIQUE NULLS NOT DISTINCT (workspace, scope, user_id, name),
    CHECK ((scope = 'global') = (workspace IS NULL)),
    CHECK ((scope = 'user') = (user_id IS NOT NULL))
);
CREATE INDEX secrets_by_name ON secrets (name, id);
CREATE INDEX secrets_by_key ON secrets (key_id, id);

COMMENT ON TABLE secrets IS 'Texts that are kept sealed: what agents and the control plane sign in with.';
COMMENT ON COLUMN secrets.id IS 'Its identity.';
COMMENT ON COLUMN secrets.workspace IS 'Whose it is; null where it is every workspace''s.';
COMMENT ON COLUMN secrets.scope IS 'For what it is: global, workspace, user, or the address of a repository.';
COMMENT ON COLUMN secrets.user_id IS 'The person whose it is; null where it is nobody''s own.';
COMMENT ON COLUMN secrets.name IS 'Its name, which is that of a variable of the environment.';
COMMENT ON COLUMN secrets.key_id IS 'The key it is sealed with.';
COMMENT ON COLUMN secrets.nonce IS 'The nonce, another for each sealing.';
COMMENT ON COLUMN secrets.sealed IS 'The value, sealed; workspace, scope, person, name and key are bound to it.';
COMMENT ON COLUMN secrets.created_at IS 'When it was first set.';
COMMENT ON COLUMN secrets.updated_at IS 'When its value was last set.';
