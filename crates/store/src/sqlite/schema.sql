-- The schema of today. Every key begins with `site`, so that the same tables can be distributed by it. Rows of the read model are added and
-- never changed, except that a pass's row grows by its facts; `seq` is the index of the event a row came from. The read model can be
-- thrown away and made anew from the log.

-- Unsealed events: one row per commit, its entries length-prefixed and compressed. Gone once the ledger holds them durably.
CREATE TABLE tail (site INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY (site, first)) WITHOUT ROWID;

-- Facts too large for an entry, until the ledger folder holds them.
CREATE TABLE attachment (site INTEGER NOT NULL, sha256 BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY (site, sha256)) WITHOUT ROWID;

-- Where the log stood at a time: at most one row a second. Answers "as known on".
CREATE TABLE clock (site INTEGER NOT NULL, recorded INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (site, recorded)) WITHOUT ROWID;
CREATE INDEX clock_size ON clock (site, size);

-- Messages seen lately: by time first, so that inserts go to the end. `content` differs when the same identifier came with another body.
CREATE TABLE inbox (site INTEGER NOT NULL, at INTEGER NOT NULL, source INTEGER NOT NULL, content INTEGER NOT NULL,
  PRIMARY KEY (site, at, source, content)) WITHOUT ROWID;

-- Heartbeats are counted, not logged.
CREATE TABLE heartbeat (site INTEGER NOT NULL, handle TEXT NOT NULL, count INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (site, handle)) WITHOUT ROWID;

-- Everything that has a name. `id` here is the row number; the identity of a unit adds its position (see kernel::id).
CREATE TABLE thing (site INTEGER NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, id)) WITHOUT ROWID;
CREATE UNIQUE INDEX thing_key ON thing (site, key, kind);
CREATE INDEX thing_seq ON thing (site, seq);

CREATE TABLE designator (site INTEGER NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (site, id)) WITHOUT ROWID;
CREATE UNIQUE INDEX designator_text ON designator (site, text);

-- Units that were mentioned, by identity with position.
CREATE TABLE unit (site INTEGER NOT NULL, id INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (site, id)) WITHOUT ROWID;

-- A unit lay at a position of a panel or carrier and bore a name of its own.
CREATE TABLE name (site INTEGER NOT NULL, scope INTEGER NOT NULL, position INTEGER NOT NULL, thing INTEGER NOT NULL, at INTEGER NOT NULL,
  seq INTEGER NOT NULL, PRIMARY KEY (site, scope, position, thing, at)) WITHOUT ROWID;
CREATE INDEX name_thing ON name (site, thing);

-- Other texts by which people ask for a thing.
CREATE TABLE alias (site INTEGER NOT NULL, text TEXT NOT NULL, kind INTEGER NOT NULL, thing INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, text, kind, thing)) WITHOUT ROWID;

-- A pass and all that messages said of it, packed (see kernel::pass). `key` stands for station and transaction. `long` tells how far back a
-- search by time must look for it (see Long); where other rows tell its end, `last_at` is that end. `unlisted` marks a transaction that lists
-- no units (2: its facts span more than a day). `last` is the index of its newest fact: as of an earlier one it may have been open, or unlisted.
CREATE TABLE pass (site INTEGER NOT NULL, id INTEGER NOT NULL, station INTEGER NOT NULL, key INTEGER NOT NULL, first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL, long INTEGER NOT NULL, unlisted INTEGER NOT NULL, last INTEGER NOT NULL, facts BLOB NOT NULL,
  PRIMARY KEY (site, id)) WITHOUT ROWID;
CREATE INDEX pass_key ON pass (site, key);
CREATE INDEX pass_time ON pass (site, station, first_at);
CREATE INDEX pass_long ON pass (site, station, long, first_at) WHERE long > 0;
CREATE INDEX pass_unlisted ON pass (site, station, unlisted, first_at) WHERE unlisted > 0;
CREATE INDEX pass_last ON pass (site, station, last);
-- The way from a unit (as a whole) to its passes. `hour` is that of the first fact since 1970; -1 when the facts span more than a day.
CREATE TABLE pass_unit (site INTEGER NOT NULL, unit INTEGER NOT NULL, hour INTEGER NOT NULL, pass INTEGER NOT NULL, station INTEGER NOT NULL,
  PRIMARY KEY (site, unit, hour, pass)) WITHOUT ROWID;

-- Positions at which components were removed in passes of a unit (as a whole), from whichever of its units. Unit 0: of some pass it is not known whose
-- they were.
CREATE TABLE removed (site INTEGER NOT NULL, unit INTEGER NOT NULL, designator INTEGER NOT NULL, PRIMARY KEY (site, unit, designator)) WITHOUT ROWID;

-- Stations whose messages without a transaction call units by names of which a unit may have several: there, what a pass lasts does not follow from
-- its own row.
CREATE TABLE mixed (site INTEGER NOT NULL, station INTEGER NOT NULL, PRIMARY KEY (site, station)) WITHOUT ROWID;

-- Stations whose transactions call units by one of several names: there, when their units left does not follow from one of them (see left.rs).
CREATE TABLE several (site INTEGER NOT NULL, station INTEGER NOT NULL, PRIMARY KEY (site, station)) WITHOUT ROWID;

-- The way from a thing that a message names to the pass.
CREATE TABLE link (site INTEGER NOT NULL, thing INTEGER NOT NULL, pass INTEGER NOT NULL, PRIMARY KEY (site, thing, pass)) WITHOUT ROWID;

-- The placement codec (see kernel::placement). `boards` is a bit set of positions on `unit`; 0 stands for the unit itself.
CREATE TABLE pattern (site INTEGER NOT NULL, id INTEGER NOT NULL, sha256 BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY (site, id)) WITHOUT ROWID;
CREATE UNIQUE INDEX pattern_sha256 ON pattern (site, sha256);
CREATE TABLE report (site INTEGER NOT NULL, station INTEGER NOT NULL, pattern INTEGER NOT NULL, seq INTEGER NOT NULL, unit INTEGER NOT NULL,
  boards INTEGER NOT NULL, pass INTEGER NOT NULL, at INTEGER NOT NULL, timed INTEGER NOT NULL,
  PRIMARY KEY (site, station, pattern, seq, unit)) WITHOUT ROWID;
-- `thing` is what the origin draws on from `seq` on; -1: nothing was named.
CREATE TABLE draw (site INTEGER NOT NULL, station INTEGER NOT NULL, pattern INTEGER NOT NULL, origin INTEGER NOT NULL, seq INTEGER NOT NULL,
  thing INTEGER NOT NULL, PRIMARY KEY (site, station, pattern, origin, seq)) WITHOUT ROWID;
CREATE INDEX draw_thing ON draw (site, thing);
CREATE TABLE difference (site INTEGER NOT NULL, seq INTEGER NOT NULL, pattern INTEGER NOT NULL, ordinal INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (site, seq, pattern, ordinal)) WITHOUT ROWID;
CREATE TABLE difference_thing (site INTEGER NOT NULL, thing INTEGER NOT NULL, seq INTEGER NOT NULL, pattern INTEGER NOT NULL,
  station INTEGER NOT NULL, PRIMARY KEY (site, thing, seq, pattern)) WITHOUT ROWID;

-- What a program is known to install: patterns sighted under a program that their pass names, and when a pattern was used in a pass that names none.
CREATE TABLE sighting (site INTEGER NOT NULL, station INTEGER NOT NULL, program INTEGER NOT NULL, pattern INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, station, program, pattern)) WITHOUT ROWID;
CREATE TABLE pattern_use (site INTEGER NOT NULL, station INTEGER NOT NULL, pattern INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL,
  pass INTEGER NOT NULL, PRIMARY KEY (site, station, pattern, at, seq)) WITHOUT ROWID;
-- Programs that may have been active when a pattern was used in a pass that names none.
CREATE TABLE may_use (site INTEGER NOT NULL, station INTEGER NOT NULL, program INTEGER NOT NULL, pattern INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, station, program, pattern)) WITHOUT ROWID;

-- Points in the life of mounts; intervals are computed when asked. `carriers` are identities, comma separated, innermost first. `until`: what came is
-- gone then at the latest, as far as it does not ride on a carrier; `span`: how far back a search by time must look for it (see mount.rs).
CREATE TABLE mount (site INTEGER NOT NULL, seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, at INTEGER NOT NULL, change INTEGER NOT NULL,
  thing INTEGER, kind INTEGER, station INTEGER NOT NULL, place INTEGER, carriers TEXT NOT NULL, margin INTEGER NOT NULL,
  until INTEGER NOT NULL, span INTEGER NOT NULL, PRIMARY KEY (site, seq, ordinal)) WITHOUT ROWID;
CREATE INDEX mount_during ON mount (site, station, kind, span, at);
CREATE INDEX mount_place ON mount (site, station, place, at);
CREATE INDEX mount_thing ON mount (site, thing, span, at);
-- Carriers that were mounted themselves, and those that were named together with one: what lies in them moves with them.
CREATE TABLE wandering (site INTEGER NOT NULL, carrier INTEGER NOT NULL, PRIMARY KEY (site, carrier)) WITHOUT ROWID;
-- Stations where what was mounted when takes all their points: carriers were mounted themselves, or times are vague.
CREATE TABLE unsteady (site INTEGER NOT NULL, station INTEGER NOT NULL, PRIMARY KEY (site, station)) WITHOUT ROWID;
CREATE TABLE mount_carrier (site INTEGER NOT NULL, carrier INTEGER NOT NULL, thing INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, carrier, thing)) WITHOUT ROWID;

-- What messages say of packages.
CREATE TABLE statement (site INTEGER NOT NULL, package INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, part INTEGER, lot INTEGER,
  supplier INTEGER, receipt INTEGER, initial TEXT NOT NULL, PRIMARY KEY (site, package, seq)) WITHOUT ROWID;
CREATE INDEX statement_lot ON statement (site, lot) WHERE lot IS NOT NULL;
CREATE INDEX statement_part ON statement (site, part) WHERE part IS NOT NULL;
CREATE INDEX statement_supplier ON statement (site, supplier) WHERE supplier IS NOT NULL;
CREATE INDEX statement_receipt ON statement (site, receipt) WHERE receipt IS NOT NULL;

-- Parts of which a package may have been installed by a pattern, or (pattern -1) applied, at a station.
CREATE TABLE part_use (site INTEGER NOT NULL, station INTEGER NOT NULL, part INTEGER NOT NULL, pattern INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, station, part, pattern)) WITHOUT ROWID;

-- Packages descend from each other: split, joined, parted.
CREATE TABLE derived (site INTEGER NOT NULL, parent INTEGER NOT NULL, child INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
  descent INTEGER NOT NULL, PRIMARY KEY (site, parent, child, seq)) WITHOUT ROWID;
CREATE INDEX derived_child ON derived (site, child);

-- Things came into, or left, others. Child -1: all children. Parent 0: whatever parent of that belonging it had. `until` and `span` as in `mount`, of
-- what was put on a carrier (belonging 3).
CREATE TABLE within (site INTEGER NOT NULL, seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, at INTEGER NOT NULL, child INTEGER NOT NULL,
  parent INTEGER NOT NULL, belonging INTEGER NOT NULL, coming INTEGER NOT NULL, position TEXT NOT NULL,
  until INTEGER NOT NULL, span INTEGER NOT NULL, PRIMARY KEY (site, seq, ordinal)) WITHOUT ROWID;
CREATE INDEX within_carried ON within (site, parent, span, at) WHERE belonging = 3;
CREATE INDEX within_child ON within (site, child);
CREATE INDEX within_parent ON within (site, parent, child);

CREATE TABLE profile (site INTEGER NOT NULL, handle INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (site, handle, seq)) WITHOUT ROWID;

-- Products: parts they need and programs that build them.
CREATE TABLE product_part (site INTEGER NOT NULL, product INTEGER NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, product, part, seq)) WITHOUT ROWID;
CREATE TABLE product_program (site INTEGER NOT NULL, program INTEGER NOT NULL, product INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, program, product, seq)) WITHOUT ROWID;
CREATE TABLE product_release (site INTEGER NOT NULL, product INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (site, product, seq)) WITHOUT ROWID;
-- A unit is of an order or product, an order of a product, a shipment of a customer.
CREATE TABLE membership (site INTEGER NOT NULL, thing INTEGER NOT NULL, whole INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (site, thing, whole)) WITHOUT ROWID;
CREATE INDEX membership_whole ON membership (site, whole);

-- Events to be searched by station, time and kind of message.
CREATE TABLE note (site INTEGER NOT NULL, station INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, name INTEGER NOT NULL,
  PRIMARY KEY (site, station, at, seq)) WITHOUT ROWID;
CREATE TABLE note_name (site INTEGER NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (site, id)) WITHOUT ROWID;
CREATE UNIQUE INDEX note_name_text ON note_name (site, text);

