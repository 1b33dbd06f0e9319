-- Times are Unix milliseconds; columns called state, author, key, event, action and conversations hold what
-- serde makes of the domain's types, as JSON text; names and words are bytes, because they may hold U+0000
-- and compare byte by byte.

-- A conversation's short name. Never given twice.
CREATE SEQUENCE conversation_numbers;

-- What changes at most when a conversation is begun, claimed, released or closed.
CREATE TABLE conversations (
    number       bigint  PRIMARY KEY,
    id           uuid    NOT NULL UNIQUE,
    site         uuid    NOT NULL,
    visitor      uuid    NOT NULL,
    closed       boolean NOT NULL,
    owner        uuid,
    started_at   bigint  NOT NULL,
    visitor_name bytea,           -- in lower case; NULL without a name
    owner_name   bytea            -- in lower case; NULL without an owner or a name
) WITH (fillfactor = 80);

-- A visitor has at most one open conversation.
CREATE UNIQUE INDEX conversations_open ON conversations (visitor) WHERE NOT closed;
CREATE INDEX conversations_of_visitor ON conversations (visitor, started_at);

-- One for each way of sorting the inbox, for everybody's conversations and for one owner's. Among equals the
-- order is by id, ascending both ways: many share an owner, some a name, so those need a second index.
CREATE INDEX conversations_by_start      ON conversations (site, closed, started_at, id);
CREATE INDEX conversations_by_visitor    ON conversations (site, closed, visitor_name, id);
CREATE INDEX conversations_by_visitor_up ON conversations (site, closed, visitor_name DESC, id)
    WHERE visitor_name IS NOT NULL;
CREATE INDEX conversations_by_owner      ON conversations (site, closed, owner_name, id);
CREATE INDEX conversations_by_owner_up   ON conversations (site, closed, owner_name DESC, id)
    WHERE owner_name IS NOT NULL;
CREATE INDEX conversations_by_status     ON conversations (site, closed, id) INCLUDE (number);
CREATE INDEX owned_by_start              ON conversations (site, owner, closed, started_at, id);
CREATE INDEX owned_by_visitor            ON conversations (site, owner, closed, visitor_name, id);
CREATE INDEX owned_by_owner              ON conversations (site, owner, closed, owner_name, id);
CREATE INDEX owned_by_status             ON conversations (site, owner, closed, id) INCLUDE (number);

-- What changes with every message. `state` is the truth for reading; the other columns repeat what appends
-- are judged by and lists are sorted by. `activity_slot` is `activity_at` in units of 65,536 ms: indexes hold
-- it instead of the time itself, so most messages touch no index, and the pages have room for what they change.
CREATE TABLE states (
    id           uuid    PRIMARY KEY,
    number       bigint  NOT NULL,
    site         uuid    NOT NULL,
    closed       boolean NOT NULL,
    owner        uuid,
    head         bigint  NOT NULL,
    visitor_head bigint  NOT NULL,
    activity_at  bigint  NOT NULL,
    activity_slot bigint NOT NULL,
    state        text    NOT NULL
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 1
);

CREATE INDEX states_by_activity ON states (site, closed, activity_slot);
CREATE INDEX owned_by_activity  ON states (site, owner, closed, activity_slot);

-- The log. `attempt` is drawn anew for every append, so that one whose answer was lost can be told from
-- another one at the same place.
CREATE TABLE events (
    conversation bigint  NOT NULL,  -- its number
    seq          bigint  NOT NULL,
    visitor_seq  bigint  NOT NULL,
    hidden       boolean NOT NULL,  -- visitors may not know of it
    at           bigint  NOT NULL,
    attempt      bigint  NOT NULL,
    author       text    NOT NULL,
    key          text,
    event        text    NOT NULL,
    xact         bigint  NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    PRIMARY KEY (conversation, seq)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

-- By transaction: what was not yet committed at some moment. The log grows at its end, so ranges of pages are
-- index enough.
CREATE INDEX events_by_xact ON events USING brin (xact) WITH (pages_per_range = 16, autosummarize = on);

-- The first answer to every command. `digest`: the first 16 bytes of SHA-256 (author's id, number of the
-- deed, key). For starts the conversation is 0, and `about` is the id.
CREATE TABLE keys (
    conversation bigint NOT NULL,  -- its number
    digest       uuid   NOT NULL,
    seq          bigint NOT NULL,
    visitor_seq  bigint NOT NULL,
    closed_seq   bigint,
    at           bigint NOT NULL,
    about        uuid,
    PRIMARY KEY (conversation, digest)
);

CREATE TABLE bulks (
    author        uuid  NOT NULL,
    key           bytea NOT NULL,
    action        text  NOT NULL,
    conversations text  NOT NULL,
    PRIMARY KEY (author, key)
);

-- How many conversations each agent of a site owns; owner zero is nobody. Nobody waits for anybody here:
-- changes are added as rows of `count_changes`, which are now and then summed up into `counts`.
CREATE TABLE counts (
    site   uuid    NOT NULL,
    closed boolean NOT NULL,
    owner  uuid    NOT NULL,
    n      bigint  NOT NULL,
    PRIMARY KEY (site, closed, owner)
);

CREATE TABLE count_changes (
    site   uuid    NOT NULL,
    closed boolean NOT NULL,
    owner  uuid    NOT NULL,
    n      integer NOT NULL
);

-- Folded texts that the search index does not have yet.
CREATE TABLE unindexed (
    site         uuid   NOT NULL,
    conversation bigint NOT NULL,  -- its number
    text         bytea  NOT NULL
);

-- The search index: what occurs on a site, and in which conversations. There are three kinds of terms.
--   0: up to three characters, from anywhere in a text.
--   1: pieces of words, cut at @ and /, which end one piece and begin the next.
--   2: whole words that have such a cut.
-- A word of up to three characters is a term itself; a longer one is part of some pieces, or of whole words
-- if there is a cut inside of it. So every search is exact.
CREATE TABLE terms (
    number bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site   uuid     NOT NULL,
    kind   smallint NOT NULL,
    digest bytea    NOT NULL,  -- the term, or if that is longer than 32 bytes its SHA-256
    term   bytea    NOT NULL,
    grams  bigint[],           -- of kinds 1 and 2: hashes of site, kind and three characters in a row
    UNIQUE (site, kind, digest)
);
CREATE INDEX terms_by_gram ON terms USING gin (grams);

-- The conversations that a term occurs in, 16384 numbers to a row: 2 bytes each, or one bit for each of all.
CREATE TABLE postings (
    term    bigint  NOT NULL,
    block   integer NOT NULL,
    members bytea   NOT NULL,
    PRIMARY KEY (term, block)
) WITH (
    fillfactor = 80,
    toast_tuple_target = 8160,
    autovacuum_vacuum_scale_factor = 0.05
);
-- Compressing bits that look like noise costs time alone.
ALTER TABLE postings ALTER members SET STORAGE PLAIN;

CREATE TABLE sites (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid   NOT NULL UNIQUE,
    name       bytea  NOT NULL,
    domains    text   NOT NULL,    -- JSON
    created_at bigint NOT NULL
);

CREATE TABLE agents (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid   NOT NULL UNIQUE,
    alias         uuid   NOT NULL,
    site          uuid   NOT NULL REFERENCES sites (id),
    email         bytea  NOT NULL,  -- in lower case
    name          bytea  NOT NULL,
    role          text   NOT NULL,
    password_hash text,
    created_at    bigint NOT NULL,
    UNIQUE (email, site)
);

CREATE TABLE sign_in_codes (
    digest     bytea  PRIMARY KEY,
    agent      uuid   NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sign_in_codes_by_expiry ON sign_in_codes (expires_at);

CREATE TABLE visitors (
    id            uuid   PRIMARY KEY,
    site          uuid   NOT NULL,
    name          bytea  NOT NULL,
    email         bytea,
    first_seen_at bigint NOT NULL
);

-- What must be the same for everybody on this database.
CREATE TABLE secrets (
    name   text  PRIMARY KEY,
    secret bytea NOT NULL
);
