-- Return one page of a board's list, and the member's own entry with its neighbours (is_near). Should be run as that
-- member: row security and the last condition both leave out members who have hidden their totals since the last count.
-- Parameters: board; member; page, the last one if it is beyond; size, the rows of a page; most, the length of the
-- list; around, the neighbours on each side.
WITH board AS NOT MATERIALIZED (
  SELECT user_id, xp, is_listed FROM leaderboard_entries WHERE board_id = %(board)s
),
step AS NOT MATERIALIZED (
  SELECT xp, rank, members FROM leaderboard_steps WHERE board_id = %(board)s
),
list (total) AS (
  SELECT LEAST(%(most)s, rank + members - 1) FROM step ORDER BY xp LIMIT 1
),
own AS (
  SELECT * FROM board WHERE user_id = %(member)s
),
shown (is_near, user_id, xp, is_listed) AS (
  (
    SELECT false, board.* FROM board WHERE is_listed ORDER BY xp DESC, user_id
    LIMIT %(size)s
    OFFSET (SELECT (LEAST(%(page)s, (total + %(size)s - 1) / %(size)s) - 1) * %(size)s FROM list)
  )
  UNION ALL
  SELECT true, own.* FROM own
  UNION ALL
  -- Neighbours with the same XP and with other XP are separate queries, because each is one range of the index.
  SELECT true, near.* FROM own CROSS JOIN LATERAL (
    (SELECT * FROM board WHERE is_listed AND xp = own.xp AND user_id < own.user_id ORDER BY user_id DESC LIMIT %(around)s)
    UNION ALL
    (SELECT * FROM board WHERE is_listed AND xp > own.xp ORDER BY xp, user_id DESC LIMIT %(around)s)
    ORDER BY xp, user_id DESC LIMIT %(around)s
  ) AS near
  UNION ALL
  SELECT true, near.* FROM own CROSS JOIN LATERAL (
    (SELECT * FROM board WHERE is_listed AND xp = own.xp AND user_id > own.user_id ORDER BY user_id LIMIT %(around)s)
    UNION ALL
    (SELECT * FROM board WHERE is_listed AND xp < own.xp ORDER BY xp DESC, user_id LIMIT %(around)s)
    ORDER BY xp DESC, user_id LIMIT %(around)s
  ) AS near
)
SELECT is_near, user_id, shown.xp, is_listed, COALESCE((SELECT total FROM list), 0) AS total,
       -- There may be no step for the XP of a member who hides their totals, so the rank follows from the step above.
       COALESCE((SELECT rank + members FROM step WHERE step.xp > shown.xp ORDER BY step.xp LIMIT 1), 1) AS rank,
       COALESCE((SELECT members FROM step WHERE step.xp = shown.xp), 0) > is_listed::integer AS is_shared,
       username, display_name, avatar_url, (privacy_settings -> 'profile_public')::boolean AS has_page
FROM shown JOIN users ON users.id = user_id
WHERE user_id = %(member)s OR (is_active AND privacy_settings @> '{"leaderboard_visible": true}')
ORDER BY is_near, shown.xp DESC, user_id;
