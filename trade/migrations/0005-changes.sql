-- What changed, for who watches: one row a subject and transaction. No view; a replay writes none.
CREATE TABLE trade.change (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A transaction is read only when all that began before it have ended: sequence numbers alone would skip late ones.
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind text NOT NULL,
  subject text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX change_order ON trade.change (txid, seq);
CREATE INDEX change_at ON trade.change (at);
GRANT SELECT, INSERT, DELETE ON trade.change TO dostyk_running;
