-- A record that a loss of the database took and that no addressee could give back: its entry stays, its id is not known.
ALTER TABLE ledger.record ALTER COLUMN id DROP NOT NULL;
ALTER TABLE ledger.record ADD CHECK (id IS NOT NULL OR (bytes IS NULL AND salt IS NULL));

-- What a recovery gave back and what it could not.
CREATE TABLE ledger.recovery (
  at timestamptz PRIMARY KEY,
  from_size bigint NOT NULL,
  to_size bigint NOT NULL,
  records bigint NOT NULL,
  lost bigint[] NOT NULL
);

GRANT SELECT, INSERT ON ledger.recovery TO dostyk_running;
