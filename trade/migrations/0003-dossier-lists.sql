-- What lists of dossiers need beside: a search over what only the filing operator sees, and what is awaited from whom.
-- Rows folded before stay as they were until they change, or `dostyk replay` folds them anew.

ALTER TABLE trade.dossier
  ADD COLUMN search_own text NOT NULL DEFAULT '',
  ADD COLUMN awaited_from text,
  ADD COLUMN awaited_since bigint;
CREATE INDEX dossier_awaited ON trade.dossier (awaited_from, awaited_since, dossier) WHERE awaited_from IS NOT NULL;
