-- Takes locks one after the other, in the order given: the order in which a plain SELECT would take them is the planner's.
CREATE FUNCTION trade.lock_each(space int, buckets int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  bucket int;
BEGIN
  FOREACH bucket IN ARRAY buckets LOOP
    PERFORM pg_advisory_xact_lock(space, bucket);
  END LOOP;
END $$;

GRANT EXECUTE ON FUNCTION trade.lock_each(int, int[]) TO dostyk_running;
