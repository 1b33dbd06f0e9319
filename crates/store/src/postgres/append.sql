WITH asked AS (
    SELECT a.*, s.ctid AS place, s.number, s.site, s.closed AS was_closed, s.owner AS was_owner,
           k.seq AS used_seq, k.visitor_seq AS used_visitor_seq, k.closed_seq AS used_closed_seq,
           k.at AS used_at, k.about AS used_about
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
                $7::boolean[], $8::boolean[], $9::uuid[], $10::bytea[],
                $11::uuid[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::uuid[],
                $17::bigint[], $18::bigint[], $19::bigint[], $20::boolean[], $21::bigint[],
                $22::text[], $23::text[], $24::text[], $25::bytea[])
         WITH ORDINALITY AS a (
             id, at_head, head, visitor_head, activity_at, state,
             moves, closed, owner, owner_name,
             digest, key_seq, key_visitor_seq, key_closed_seq, key_at, key_about,
             attempt, seq, visitor_seq, hidden, at,
             author, key, event, text, n)
    JOIN states s ON s.id = a.id
    LEFT JOIN keys k ON k.conversation = s.number AND k.digest = a.digest
), moved AS (
    UPDATE states s
    SET head = a.head, visitor_head = a.visitor_head, activity_at = a.activity_at,
        activity_slot = a.activity_at >> 16, state = a.state, closed = a.closed, owner = a.owner
    FROM asked a
    WHERE s.ctid = a.place AND s.head = a.at_head AND a.used_seq IS NULL
    RETURNING a.n, a.number, a.site, a.moves, a.was_closed, a.was_owner, a.closed, a.owner, a.owner_name,
              a.digest, a.key_seq, a.key_visitor_seq, a.key_closed_seq, a.key_at, a.key_about,
              a.attempt, a.seq, a.visitor_seq, a.hidden, a.at, a.author, a.key, a.event, a.text
), more AS (
    SELECT m.number, m.site, e.*
    FROM unnest($26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::boolean[], $31::bigint[],
                $32::text[], $33::text[], $34::text[], $35::bytea[])
         AS e (n, attempt, seq, visitor_seq, hidden, at, author, key, event, text)
    JOIN moved m ON m.n = e.n
), logged AS (
    INSERT INTO events (conversation, seq, visitor_seq, hidden, at, attempt, author, key, event)
    SELECT number, seq, visitor_seq, hidden, at, attempt, author, key, event FROM moved
    WHERE seq IS NOT NULL
    UNION ALL
    SELECT number, seq, visitor_seq, hidden, at, attempt, author, key, event FROM more
), remembered AS (
    INSERT INTO keys (conversation, digest, seq, visitor_seq, closed_seq, at, about)
    SELECT number, digest, key_seq, key_visitor_seq, key_closed_seq, key_at, key_about FROM moved
    WHERE digest IS NOT NULL
), said AS (
    INSERT INTO unindexed (site, conversation, text)
    SELECT site, number, text FROM moved WHERE text IS NOT NULL
    UNION ALL
    SELECT site, number, text FROM more WHERE text IS NOT NULL
), listed AS (
    UPDATE conversations c
    SET closed = m.closed, owner = m.owner, owner_name = m.owner_name
    FROM moved m
    WHERE m.moves AND c.number = m.number
), counted AS (
    INSERT INTO count_changes (site, closed, owner, n)
    SELECT site, was_closed, coalesce(was_owner, '00000000-0000-0000-0000-000000000000'), -1
    FROM moved WHERE (was_closed, was_owner) IS DISTINCT FROM (closed, owner)
    UNION ALL
    SELECT site, closed, coalesce(owner, '00000000-0000-0000-0000-000000000000'), 1
    FROM moved WHERE (was_closed, was_owner) IS DISTINCT FROM (closed, owner)
)
SELECT n, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::uuid FROM moved
UNION ALL
SELECT n, used_seq, used_visitor_seq, used_closed_seq, used_at, used_about
FROM asked WHERE used_seq IS NOT NULL
