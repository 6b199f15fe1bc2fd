-- Where operators' own systems are told of changes. No view: a replay leaves these alone. The secret signs each delivery and is
-- therefore kept.
CREATE TABLE trade.webhook (
  webhook text PRIMARY KEY,
  operator text NOT NULL,
  url text NOT NULL,
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL,
  -- The place in the feed of changes up to which everything was delivered.
  txid text NOT NULL,
  seq text NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'failing')),
  attempts integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  next_at timestamptz NOT NULL
);
CREATE INDEX webhook_operator ON trade.webhook (operator, created_at);
CREATE INDEX webhook_due ON trade.webhook (next_at) WHERE state = 'active';

CREATE TABLE trade.webhook_delivery (
  delivery text PRIMARY KEY,
  webhook text NOT NULL REFERENCES trade.webhook ON DELETE CASCADE,
  at timestamptz NOT NULL,
  changes integer NOT NULL,
  status integer,
  error text
);
CREATE INDEX webhook_delivery_last ON trade.webhook_delivery (webhook, at DESC);
GRANT SELECT, INSERT, UPDATE, DELETE ON trade.webhook, trade.webhook_delivery TO dostyk_running;
