-- A proof is kept at once; how far the others' copies agree is known later.
GRANT UPDATE (common) ON federation.fork TO dostyk_running;
