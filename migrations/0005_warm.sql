-- Warm processes: one agent process serves several turns, and a running turn can be spoken to.

ALTER TABLE runs
    ADD COLUMN process_id uuid,
    ADD COLUMN setting    jsonb;

COMMENT ON COLUMN runs.process_id IS 'The process that serves it, named by the run that started it; the token that process holds is good while this run''s turn is open. As planned when the run was sent, and as its runner says once it started.';
COMMENT ON COLUMN runs.setting IS 'What its process was started or set to: fingerprint and model; null where the process serves no other run and takes no further input.';

ALTER TABLE sandboxes ADD COLUMN warm jsonb;

COMMENT ON COLUMN sandboxes.warm IS 'The process that waits in it for the next turn: its name, setting and session; null where none does.';

CREATE TABLE steered_messages (
    turn_id    uuid        NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    message_id uuid        NOT NULL,
    given_at   timestamptz NOT NULL,
    taken_at   timestamptz,
    PRIMARY KEY (turn_id, message_id)
);

COMMENT ON TABLE steered_messages IS 'Messages that were given to a turn while it ran. Those it did not take go back when it closes.';
COMMENT ON COLUMN steered_messages.turn_id IS 'The turn.';
COMMENT ON COLUMN steered_messages.message_id IS 'The message.';
COMMENT ON COLUMN steered_messages.given_at IS 'When its runner was last told.';
COMMENT ON COLUMN steered_messages.taken_at IS 'When the agent''s process was told, by the runner''s clock.';
