-- Versions of the registry that reached this node, from its folder or from another member. The newest may give way to another
-- of its number (members/registry-merge.ts); every version is signed, so nothing here is trusted for standing here.
CREATE TABLE members.registry_version (
  version integer PRIMARY KEY,
  note text NOT NULL,
  json text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON members.registry_version TO dostyk_running;
