-- Search in the middle of words over a hundred thousand dossiers. pg_trgm comes with PostgreSQL and is trusted: a database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX dossier_search ON trade.dossier USING gin (search gin_trgm_ops);
CREATE INDEX dossier_search_own ON trade.dossier USING gin (search_own gin_trgm_ops) WHERE search_own <> '';
CREATE INDEX dossier_state ON trade.dossier (state_name, filed_at DESC, dossier DESC);
