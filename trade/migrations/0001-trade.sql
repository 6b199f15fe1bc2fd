-- Views over records, rebuilt by a replay; JSON is kept as text, because jsonb refuses some of what
-- a peer may write (U+0000), and instants as milliseconds since 1970, because timestamptz has no year 0:
-- a fold must accept anything.

-- The fold's own copy of its input. `subject` is what the record is about.
CREATE TABLE trade.record (
  commitment text PRIMARY KEY,
  kind text NOT NULL,
  subject text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  member text NOT NULL,
  origin text NOT NULL,
  index bigint NOT NULL,
  envelope text NOT NULL
);
CREATE INDEX record_subject ON trade.record (kind, subject);
CREATE INDEX record_id ON trade.record (origin, id);

-- What subjects wait for: a commitment named in `after` that is not here.
CREATE TABLE trade.awaited (
  commitment text NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  PRIMARY KEY (commitment, kind, subject)
);
CREATE INDEX awaited_subject ON trade.awaited (kind, subject);

-- Who of this node's member may see a subject: the id of an authority or operator, or '*' for every authority.
CREATE TABLE trade.reader (
  kind text NOT NULL,
  subject text NOT NULL,
  reader text NOT NULL,
  PRIMARY KEY (kind, subject, reader)
);

CREATE TABLE trade.dossier (
  dossier text PRIMARY KEY,
  member text NOT NULL,
  operator text NOT NULL,
  version integer NOT NULL,
  state_name text NOT NULL,
  filed_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  goods_open boolean NOT NULL,
  search text NOT NULL,
  common_digest text NOT NULL,
  section_digests text NOT NULL,
  summary text NOT NULL,
  state text NOT NULL
);
CREATE INDEX dossier_filed ON trade.dossier (filed_at DESC, dossier DESC);
CREATE INDEX dossier_operator ON trade.dossier (operator, filed_at DESC);

-- A desk's list: where each dossier stands at each post.
CREATE TABLE trade.dossier_post (
  dossier text NOT NULL,
  post text NOT NULL,
  position integer NOT NULL,
  authority text NOT NULL,
  state text NOT NULL,
  awaited text,
  since bigint,
  PRIMARY KEY (dossier, post)
);
CREATE INDEX dossier_post_desk ON trade.dossier_post (post, state, since);

CREATE TABLE trade.movement (
  movement text PRIMARY KEY,
  member text NOT NULL,
  operator text NOT NULL,
  version integer NOT NULL,
  declared_at bigint NOT NULL,
  search text NOT NULL,
  digest text NOT NULL,
  state text NOT NULL
);
CREATE INDEX movement_declared ON trade.movement (declared_at DESC, movement DESC);

CREATE TABLE trade.movement_post (
  movement text NOT NULL,
  post text NOT NULL,
  PRIMARY KEY (movement, post)
);
CREATE INDEX movement_post_desk ON trade.movement_post (post);

-- Every dossier that any version of a movement has carried.
CREATE TABLE trade.movement_consignment (
  movement text NOT NULL,
  dossier text NOT NULL,
  PRIMARY KEY (movement, dossier)
);
CREATE INDEX movement_consignment_dossier ON trade.movement_consignment (dossier);

CREATE TABLE trade.certificate (
  commitment text PRIMARY KEY,
  certificate text NOT NULL,
  dossier text NOT NULL,
  member text NOT NULL,
  authority text NOT NULL,
  operator text NOT NULL,
  index bigint NOT NULL,
  at bigint NOT NULL,
  state text NOT NULL
);
CREATE INDEX certificate_id ON trade.certificate (certificate);
CREATE INDEX certificate_dossier ON trade.certificate (dossier);
CREATE INDEX certificate_issuer ON trade.certificate (authority, index);

CREATE TABLE trade.requirement (
  authority text NOT NULL,
  requirement text NOT NULL,
  member text NOT NULL,
  goods text NOT NULL,
  commitment text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (authority, requirement)
);

CREATE TABLE trade.status_list (
  list text PRIMARY KEY,
  member text NOT NULL,
  origin text NOT NULL,
  index bigint NOT NULL,
  commitment text NOT NULL,
  body text NOT NULL
);

-- Which dossiers name a file.
CREATE TABLE trade.attachment_reference (
  hash text NOT NULL,
  dossier text NOT NULL,
  PRIMARY KEY (hash, dossier)
);
CREATE INDEX attachment_reference_dossier ON trade.attachment_reference (dossier);

-- From here on no views: a replay leaves these alone.

-- Files beside the log, named by the hash of salt and bytes.
CREATE TABLE trade.attachment (
  hash text PRIMARY KEY,
  media_type text NOT NULL,
  size integer NOT NULL,
  salt text NOT NULL,
  state text NOT NULL CHECK (state IN ('awaited', 'present')),
  -- The member whose node holds it.
  owner text NOT NULL,
  uploaded_by text,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attachment_awaited ON trade.attachment (at) WHERE state = 'awaited';

-- Pieces of at most 256 KiB; while an upload runs, under its own name instead of the hash.
CREATE TABLE trade.attachment_chunk (
  hash text NOT NULL,
  n integer NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (hash, n)
);

-- Places of certificates in the revocation lists of this member's authorities.
CREATE TABLE trade.status_index (
  list text NOT NULL,
  index integer NOT NULL,
  certificate text NOT NULL UNIQUE,
  PRIMARY KEY (list, index)
);

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON
  trade.record, trade.awaited, trade.reader, trade.dossier, trade.dossier_post, trade.movement, trade.movement_post,
  trade.movement_consignment, trade.certificate, trade.requirement, trade.status_list, trade.attachment_reference
  TO dostyk_running;
GRANT SELECT, INSERT, UPDATE, DELETE ON trade.attachment, trade.attachment_chunk, trade.status_index TO dostyk_running;
