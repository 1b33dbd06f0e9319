-- Times are Unix milliseconds, ids 16 bytes; what ends in JSON is what serde makes of the domain's types.

-- One row for each conversation. `number` is its short name inside this file. `state` is the truth for
-- reading; the columns before it repeat what is searched and sorted by.
CREATE TABLE conversations (
    number       INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    site         BLOB    NOT NULL,
    visitor      BLOB    NOT NULL,
    head         INTEGER NOT NULL,
    visitor_head INTEGER NOT NULL,
    closed       INTEGER NOT NULL,
    owner        BLOB,
    started_at   INTEGER NOT NULL,
    activity_at  INTEGER NOT NULL,
    visitor_name TEXT,             -- in lower case; NULL without a name
    owner_name   TEXT,             -- in lower case; NULL without an owner or a name
    state        TEXT    NOT NULL  -- JSON
) STRICT;

-- A visitor has at most one open conversation.
CREATE UNIQUE INDEX conversations_open     ON conversations (visitor) WHERE closed = 0;
CREATE INDEX conversations_of_visitor      ON conversations (visitor, started_at);
CREATE INDEX conversations_of_owner        ON conversations (site, owner, closed);
-- One for each way of sorting the inbox. Only the first one changes with every message.
CREATE INDEX conversations_by_activity     ON conversations (site, closed, activity_at, id);
CREATE INDEX conversations_by_start        ON conversations (site, closed, started_at, id);
CREATE INDEX conversations_by_visitor_name ON conversations (site, closed, visitor_name, id);
CREATE INDEX conversations_by_owner_name   ON conversations (site, closed, owner_name, id);
CREATE INDEX conversations_by_status       ON conversations (site, closed, id);

-- The log: every event, in the order of commits. A message is written here alone, at the end, and so a batch
-- of them fills the last pages instead of touching some for each conversation. Its position, its key and the
-- conversation's new state follow a little later; everything else is written at once.
CREATE TABLE events (
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,  -- its number
    seq          INTEGER NOT NULL,
    visitor_seq  INTEGER NOT NULL,
    hidden       INTEGER NOT NULL,  -- 1: visitors may not know of it
    at           INTEGER NOT NULL,
    author       TEXT    NOT NULL,  -- JSON
    key          TEXT,
    event        TEXT    NOT NULL   -- JSON
) STRICT;

-- Where the events of a conversation stand in the log.
CREATE TABLE positions (
    conversation INTEGER NOT NULL,  -- its number
    seq          INTEGER NOT NULL,
    event        INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- Every event up to this one has its position, its key and its part of the state. Of later ones a
-- conversation's `head` tells which have.
CREATE TABLE settled (upto INTEGER NOT NULL) STRICT;
INSERT INTO settled VALUES (0);

-- The first answer to every command. A row is as short as can be, because every command touches one of
-- these pages: instead of author, operation and key there is a digest of them. For starts the conversation
-- is 0, and `about` is the id.
CREATE TABLE keys (
    conversation INTEGER NOT NULL,  -- its number
    digest       BLOB    NOT NULL,  -- the first 16 bytes of SHA-256 (author's id, number of the deed, key)
    seq          INTEGER NOT NULL,
    visitor_seq  INTEGER NOT NULL,
    closed_seq   INTEGER,
    at           INTEGER NOT NULL,
    about        BLOB,
    PRIMARY KEY (conversation, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE bulks (
    author        BLOB NOT NULL,
    key           TEXT NOT NULL,
    action        TEXT NOT NULL,  -- JSON
    conversations TEXT NOT NULL,  -- JSON
    PRIMARY KEY (author, key)
) STRICT, WITHOUT ROWID;

-- How many conversations each agent of a site owns; an empty owner is nobody.
CREATE TABLE counts (
    site   BLOB    NOT NULL,
    closed INTEGER NOT NULL,
    owner  BLOB    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (site, closed, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE sites (
    number     INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    domains    TEXT    NOT NULL,  -- JSON
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE agents (
    number        INTEGER PRIMARY KEY,
    id            BLOB    NOT NULL UNIQUE,
    alias         BLOB    NOT NULL,
    site          BLOB    NOT NULL REFERENCES sites (id),
    email         TEXT    NOT NULL,  -- in lower case
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT,
    created_at    INTEGER NOT NULL,
    UNIQUE (email, site)
) STRICT;

CREATE TABLE sign_in_codes (
    digest     BLOB    NOT NULL PRIMARY KEY,
    agent      BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_codes_by_expiry ON sign_in_codes (expires_at);

CREATE TABLE visitors (
    id            BLOB    NOT NULL PRIMARY KEY,
    site          BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    email         TEXT,
    first_seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What must be the same for everybody on this file.
CREATE TABLE secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;
