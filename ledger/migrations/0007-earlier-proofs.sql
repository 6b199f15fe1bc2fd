-- A record of a log that was closed is proven by its commitment, as those of the log in use are.
CREATE INDEX earlier_record_commitment ON ledger.earlier_record (commitment);
