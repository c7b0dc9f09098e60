-- What is a site's own and no part of the log: people, quarantine, keys. Not rebuildable, erasable row by row, part of every backup.

-- Who is meant by a pseudonym: one row for each badge, login and name that messages showed. `folded` is what is compared.
CREATE TABLE person (kind TEXT NOT NULL CHECK (kind IN ('badge', 'login', 'name')), folded TEXT NOT NULL, shown TEXT NOT NULL,
  pseudonym TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (kind, folded, pseudonym)) WITHOUT ROWID;
CREATE INDEX person_pseudonym ON person (pseudonym);
CREATE INDEX person_folded ON person (folded);

-- Messages that could not be understood, with their bytes (zstd).
CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, protocol TEXT NOT NULL, received INTEGER NOT NULL, source TEXT NOT NULL,
  station TEXT NOT NULL, line INTEGER NOT NULL, "column" INTEGER NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL,
  digest BLOB NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL CHECK (state IN ('waiting', 'replayed')));
CREATE INDEX quarantine_state ON quarantine (state, id);
-- The same bytes at the same place of the same source are kept once while they wait.
CREATE UNIQUE INDEX quarantine_once ON quarantine (digest, source, line, "column") WHERE state = 'waiting';

CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
