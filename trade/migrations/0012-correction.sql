-- What people said is wrong in members' rules, and what their authorities answered.
CREATE TABLE trade.correction (
  -- The member at whose node it was said.
  reported text NOT NULL,
  correction text NOT NULL,
  about text NOT NULL,
  at timestamptz NOT NULL,
  answered boolean NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (reported, correction)
);
CREATE INDEX correction_list ON trade.correction (about, answered, at, correction);
CREATE INDEX correction_id ON trade.correction (correction);
CREATE INDEX correction_reported ON trade.correction (reported, at);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON trade.correction TO dostyk_running;
