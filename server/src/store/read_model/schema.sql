-- The read model: what pages and figures are read from. In memory only.
-- A row holds from `from_position` on, up to but without `to_position`; NULL: it still holds.

CREATE TABLE documents (
    document      BLOB NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    kind          INTEGER NOT NULL,
    site          TEXT,
    created       INTEGER NOT NULL,
    PRIMARY KEY (document, from_position)
) STRICT, WITHOUT ROWID;

-- In which channels a document was; exactly as the log says, also where documents are read less often than they change.
CREATE TABLE placements (
    document      BLOB NOT NULL,
    channel       TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    PRIMARY KEY (document, channel, from_position)
) STRICT, WITHOUT ROWID;

CREATE TABLE cases (
    document      BLOB NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    created       INTEGER NOT NULL,
    code          TEXT,
    name          TEXT,
    search        TEXT NOT NULL,
    sex           TEXT,
    birth         TEXT,
    site          TEXT,
    status        TEXT,
    country       TEXT,
    arrived       TEXT,
    category      TEXT,
    urgent        TEXT NOT NULL,
    items         TEXT NOT NULL,
    projection    TEXT NOT NULL,
    PRIMARY KEY (document, from_position)
) STRICT, WITHOUT ROWID;
CREATE INDEX cases_by_creation ON cases (created DESC, document DESC);
CREATE INDEX cases_by_code ON cases (code);

CREATE TABLE movements (
    document      BLOB NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    direction     TEXT,
    from_site     TEXT,
    to_site       TEXT,
    announced     INTEGER,
    counted       INTEGER,
    expected      INTEGER NOT NULL,
    boarded       INTEGER NOT NULL,
    arrived       INTEGER NOT NULL,
    PRIMARY KEY (document, from_position)
) STRICT, WITHOUT ROWID;

CREATE TABLE referrals (
    document      BLOB NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    created       INTEGER NOT NULL,
    case_id       TEXT,
    partner       TEXT,
    purpose       TEXT,
    urgency       TEXT,
    deadline      TEXT,
    site          TEXT,
    status        TEXT,
    withdrawn     INTEGER NOT NULL,
    PRIMARY KEY (document, from_position)
) STRICT, WITHOUT ROWID;
CREATE INDEX referrals_by_creation ON referrals (created DESC, document DESC);

CREATE TABLE conflicts (
    document      BLOB NOT NULL,
    path          TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    label         TEXT NOT NULL,
    value_list    TEXT NOT NULL,
    PRIMARY KEY (document, path, from_position)
) STRICT, WITHOUT ROWID;

CREATE TABLE held (
    document      BLOB NOT NULL,
    lease         TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    reason        TEXT NOT NULL,
    PRIMARY KEY (document, lease, from_position)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_in_order ON held (from_position);

-- Receipts never stop to hold.
CREATE TABLE receipts (
    position      INTEGER NOT NULL PRIMARY KEY,
    at            INTEGER NOT NULL,
    user          TEXT NOT NULL,
    site          TEXT,
    documents     INTEGER NOT NULL,
    fates         TEXT NOT NULL,
    manifest      TEXT NOT NULL
) STRICT;
