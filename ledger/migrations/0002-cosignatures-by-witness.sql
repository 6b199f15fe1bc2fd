-- The newest cosignature of each witness, found without reading all.
CREATE INDEX cosignature_by_witness ON ledger.cosignature (witness, size DESC, time DESC);
