-- Where each movement stands at each of its posts: what an officer's list is sorted by. A view, rebuilt by a replay.

ALTER TABLE trade.movement_post
  ADD COLUMN state text NOT NULL DEFAULT 'expected',
  -- Most urgent first: here and perishable, here, expected and perishable, expected, done.
  ADD COLUMN rank smallint NOT NULL DEFAULT 3,
  ADD COLUMN at bigint NOT NULL DEFAULT 0;
CREATE INDEX movement_post_urgency ON trade.movement_post (post, rank, at, movement);

-- Who of an authority did what. The person stands in no record and leaves this node never; no view, a replay leaves it alone.
CREATE TABLE trade.act (
  commitment text PRIMARY KEY,
  authority text NOT NULL,
  account text NOT NULL,
  name text NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  what text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX act_authority ON trade.act (authority, at DESC, commitment DESC);
GRANT SELECT, INSERT, DELETE ON trade.act TO dostyk_running;
