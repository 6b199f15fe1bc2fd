-- What was taken over is changed by the erasure role alone.
REVOKE UPDATE ON federation.received FROM dostyk_running;
