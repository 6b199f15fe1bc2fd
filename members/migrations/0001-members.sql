-- A view over delegation records, rebuilt by a replay.

CREATE TABLE members.delegation (
  delegation uuid PRIMARY KEY,
  commitment text NOT NULL,
  from_operator text NOT NULL,
  to_operator text NOT NULL,
  scopes text[] NOT NULL,
  dossier uuid,
  until timestamptz NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX delegation_to ON members.delegation (to_operator);
CREATE INDEX delegation_from ON members.delegation (from_operator);

-- Kept apart, so that a revocation that is folded before its delegation counts all the same.
CREATE TABLE members.delegation_revocation (
  delegation uuid PRIMARY KEY,
  operator text NOT NULL,
  at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON members.delegation, members.delegation_revocation TO dostyk_running;
