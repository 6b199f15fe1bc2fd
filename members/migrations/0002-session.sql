-- Browser sessions: of this node alone, no records; a replay leaves them alone.

CREATE TABLE members.session (
  -- SHA-256 of what the cookie holds.
  id bytea PRIMARY KEY,
  subject text NOT NULL,
  csrf text NOT NULL,
  -- For the identity provider's own sign-out.
  id_token text NOT NULL,
  opened_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  locked_at timestamptz
);
CREATE INDEX session_subject ON members.session (subject);
CREATE INDEX session_end ON members.session (ends_at);

-- Sign-ins under way at the identity provider; each is taken once.
CREATE TABLE members.sign_in (
  -- SHA-256 of the OpenID Connect `state`.
  state bytea PRIMARY KEY,
  nonce text NOT NULL,
  code_verifier text NOT NULL,
  return_to text NOT NULL,
  until timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON members.session, members.sign_in TO dostyk_running;
