-- Return the first page of a member's journal without filters as one row; lists are JSON.
--
-- If two sessions start at least two days apart, the later one is never on an earlier local day, whatever their zones.
-- So the page needs only the latest sessions up to two days before the start of the last one that fits on it. An index
-- finds them, because COALESCE is inside the subquery: behind a policy PostgreSQL takes a COALESCE for leaky, and
-- applies the condition to all rows of the member only after the policy.
WITH mentioned AS (
  -- The number of entries for each hack that they name; null for check-ins without a hack. The progress has counted the
  -- finished sessions of each hack already.
  SELECT hack_id, total_practice_count AS entries
  FROM user_hack_progress WHERE user_id = %(member_id)s AND total_practice_count > 0
  UNION ALL
  SELECT hack_id, 1 FROM practice_sessions WHERE user_id = %(member_id)s AND ended_at IS NULL
  UNION ALL
  SELECT selected_hack_id, count(*) FROM daily_checkins WHERE user_id = %(member_id)s GROUP BY selected_hack_id
)
SELECT
  (SELECT COALESCE(sum(entries), 0)::bigint FROM mentioned) AS count,
  (SELECT count(*) FROM notifications WHERE user_id = member.id AND NOT is_read) AS unread,
  (SELECT COALESCE(json_agg(each), '[]') FROM (
    (SELECT 'practice' AS kind, id AS entry, timezone AS zone, notes AS note, practice_date AS day, started_at AS moment,
            hack_id AS about, duration_seconds AS seconds, session_type AS how, feedback_score AS score,
            NULL::smallint AS before, NULL::smallint AS after
     FROM practice_sessions
     WHERE user_id = member.id AND started_at >= (SELECT COALESCE((
       SELECT started_at - interval '2 days' FROM practice_sessions WHERE user_id = member.id
       ORDER BY started_at DESC LIMIT 1 OFFSET %(page_size)s - 1
     ), '-infinity'))
     ORDER BY practice_date DESC, started_at DESC, id DESC LIMIT %(page_size)s)
    UNION ALL
    (SELECT 'checkin', id, timezone, notes, checkin_date, created_at, selected_hack_id, NULL, NULL, NULL, mood_before,
            mood_after
     FROM daily_checkins WHERE user_id = member.id
     ORDER BY checkin_date DESC LIMIT %(page_size)s)
    ORDER BY day DESC, kind, moment DESC, entry DESC LIMIT %(page_size)s
  ) AS each) AS entries,
  (SELECT COALESCE(json_agg(each), '[]') FROM (
    SELECT hack.id, slug, hack.name, category.name AS category_name, category.title AS category_title,
           category.icon_url AS icon, category.sort_order AS category_order
    FROM hacks AS hack JOIN hack_categories AS category ON category.id = category_id
    WHERE hack.id IN (SELECT hack_id FROM mentioned)
    ORDER BY hack.name, hack.id
  ) AS each) AS hacks
FROM users AS member
WHERE member.id = %(member_id)s
