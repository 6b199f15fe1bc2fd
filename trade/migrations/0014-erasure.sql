-- Erasures of sections, and who has acknowledged them. A view, rebuilt by a replay.
CREATE TABLE trade.erasure (
  order_commitment text PRIMARY KEY,
  -- The section's record.
  commitment text NOT NULL,
  dossier text NOT NULL,
  -- Of the section's issuer, who ordered it.
  member text NOT NULL,
  at bigint NOT NULL,
  -- Members that have not acknowledged it yet.
  awaited text[] NOT NULL,
  state text NOT NULL
);
CREATE INDEX erasure_commitment ON trade.erasure (commitment);
CREATE INDEX erasure_dossier ON trade.erasure (dossier);
CREATE INDEX erasure_awaited ON trade.erasure (at) WHERE awaited <> '{}';
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON trade.erasure TO dostyk_running;

-- What the node is to order. No view: a replay leaves it alone. Only who may erase may ask for it; the node, which alone makes the log
-- longer, takes it from here.
CREATE TABLE trade.erasure_request (
  dossier text NOT NULL,
  section text NOT NULL,
  legal_basis text NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dossier, section)
);
GRANT SELECT, DELETE ON trade.erasure_request TO dostyk_running;
GRANT SELECT, INSERT ON trade.erasure_request TO dostyk_erasure;
