-- What the page of a board shows %(member)s: the places of one page, their own, and those around it; with one place more
-- after each, which says whether the last one is shared. Run as that member: row security says the same as the last line.
WITH board AS NOT MATERIALIZED (
  SELECT * FROM leaderboard_entries WHERE board_id = %(board)s
),
own AS (
  SELECT * FROM board WHERE user_id = %(member)s
),
-- Visible ones alone: whoever opted out since the count makes the list shorter at once.
ending AS (
  SELECT place FROM board WHERE is_listed ORDER BY place DESC LIMIT 1
),
bounds (first, last) AS (
  SELECT (page - 1) * %(size)s + 1, page * %(size)s + 1
  FROM ending CROSS JOIN LATERAL (SELECT LEAST(%(page)s, (place + %(size)s - 1) / %(size)s)) AS clamped (page)
  UNION ALL
  SELECT place - %(around)s, place + %(around)s + 1 FROM own
),
shown AS (
  SELECT line.*
  FROM bounds
  CROSS JOIN LATERAL (SELECT * FROM board WHERE is_listed AND place BETWEEN bounds.first AND bounds.last) AS line
  UNION
  SELECT * FROM own
)
SELECT shown.user_id, shown.xp, shown.rank, shown.place, shown.is_listed, (SELECT place FROM ending) AS last_place,
       username, display_name, avatar_url, (privacy_settings -> 'profile_public')::boolean AS has_page
FROM shown JOIN users ON users.id = shown.user_id
WHERE shown.user_id = %(member)s OR (is_active AND privacy_settings @> '{"leaderboard_visible": true}')
-- Whoever is not listed goes before the one whose place it would be.
ORDER BY place, is_listed;
