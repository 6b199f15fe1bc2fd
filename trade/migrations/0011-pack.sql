-- Versions of members' rules that their authorities have published, and the tables of each.
CREATE TABLE trade.pack (
  member text NOT NULL,
  version integer NOT NULL,
  published date NOT NULL,
  commitment text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (member, version)
);
CREATE TABLE trade.pack_table (
  member text NOT NULL,
  version integer NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (member, version, hash)
);
CREATE INDEX pack_table_hash ON trade.pack_table (hash);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON trade.pack, trade.pack_table TO dostyk_running;
