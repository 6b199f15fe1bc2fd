-- Search for words too short for trigrams: the texts stand in the index that has the list's order, so that no row is read that does not
-- match. An index entry holds 2.7 kB: a text longer than 300 characters is null there and is looked at in its row.
ALTER TABLE trade.dossier
  ADD COLUMN search_short text GENERATED ALWAYS AS (CASE WHEN length(search) <= 300 THEN search END) STORED,
  ADD COLUMN search_own_short text GENERATED ALWAYS AS (CASE WHEN length(search_own) <= 300 THEN search_own END) STORED;
CREATE INDEX dossier_short ON trade.dossier (filed_at DESC, dossier DESC) INCLUDE (search_short, search_own_short);
-- The list by last change.
CREATE INDEX dossier_changed ON trade.dossier (changed_at DESC, dossier DESC);
