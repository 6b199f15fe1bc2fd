-- Links that let a driver without an account see and report one movement. No view: a replay leaves them alone. The secret itself is
-- nowhere kept, only its hash.
CREATE TABLE trade.driver_link (
  link text PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  movement text NOT NULL,
  operator text NOT NULL,
  label text NOT NULL,
  instructions text NOT NULL,
  created_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  revoked_at timestamptz,
  seen_at timestamptz
);
CREATE INDEX driver_link_movement ON trade.driver_link (movement, created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON trade.driver_link TO dostyk_running;
