-- The desk of a post: one line for each movement that passes it, in the order in which the desk works, so that ten thousand are listed
-- without reading a dossier. A view: rows folded before this are written when their movement or a dossier aboard changes, or by
-- `dostyk replay`. It takes the place of what stood in movement_post.

ALTER TABLE trade.movement_post DROP COLUMN state, DROP COLUMN rank, DROP COLUMN at;

CREATE TABLE trade.desk_line (
  movement text NOT NULL,
  post text NOT NULL,
  state text NOT NULL,
  -- 0 waits for this desk, 1 expected and perishable, 2 expected, 3 settled or waits for others, 4 gone.
  rank integer NOT NULL,
  -- Within a rank the lowest first: since when it waits, when it is expected, or how long ago it left.
  place bigint NOT NULL,
  search text NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (movement, post)
);
CREATE INDEX desk_line_order ON trade.desk_line (post, rank, place, movement);
CREATE INDEX desk_line_state ON trade.desk_line (post, state, rank, place, movement);

ALTER TABLE trade.dossier_post ADD COLUMN awaited_from text;
-- What a desk's list needs of a dossier, without its state.
ALTER TABLE trade.dossier ADD COLUMN brief text;

-- The trail is read from the authority's own records; beside it stands only the person, who is in none.
ALTER TABLE trade.record ADD COLUMN authority text;
CREATE INDEX record_trail ON trade.record (origin, authority, index DESC) WHERE authority IS NOT NULL;
ALTER TABLE trade.act
  DROP COLUMN authority, DROP COLUMN type, DROP COLUMN subject, DROP COLUMN what, ALTER COLUMN at SET DEFAULT now();

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON trade.desk_line TO dostyk_running;
