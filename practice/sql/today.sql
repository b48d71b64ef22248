-- Return all that today's page shows a member as one row; lists are JSON. Parameters: member_id; now; last, today;
-- first, the first day of its week.
SELECT current_streak, longest_streak, rest_stock, last_checkin_date, streak_ends_at,
  app.strength_at(stats.user_id, %(now)s::timestamptz) AS strength,
  ARRAY(
    SELECT rest_date FROM rest_days
    WHERE user_id = stats.user_id AND rest_date BETWEEN %(first)s::date AND %(last)s::date
  ) AS rest_dates,
  (SELECT COALESCE(json_agg(each), '[]') FROM (
    SELECT checkin_date, streak_count, mood_before, mood_after FROM daily_checkins
    WHERE user_id = stats.user_id AND checkin_date BETWEEN %(first)s::date AND %(last)s::date
  ) AS each) AS checkins,
  (SELECT row_to_json(each) FROM (
    SELECT session.id, started_at, paused_at, hack.name, hack.slug, category.name AS category
    FROM practice_sessions AS session
    JOIN hacks AS hack ON hack.id = hack_id
    JOIN hack_categories AS category ON category.id = category_id
    WHERE user_id = stats.user_id AND ended_at IS NULL
  ) AS each) AS running,
  (SELECT COALESCE(json_agg(each), '[]') FROM (
    SELECT session.id, started_at, timezone, duration_seconds, feedback_score, hack.name, category.name AS category,
           category.icon_url AS icon
    FROM practice_sessions AS session
    JOIN hacks AS hack ON hack.id = hack_id
    JOIN hack_categories AS category ON category.id = category_id
    WHERE user_id = stats.user_id AND ended_at IS NOT NULL
    ORDER BY started_at DESC LIMIT 5
  ) AS each) AS recent,
  (SELECT COALESCE(json_agg(each), '[]') FROM (
    SELECT id, title, count(*) OVER () AS unread_count FROM notifications
    WHERE user_id = stats.user_id AND NOT is_read
    ORDER BY created_at DESC, id DESC LIMIT 3
  ) AS each) AS unread,
  -- The hack to practise next, by rank: 0, the hack that today's check-in names; 1, practised and not mastered, the
  -- latest first; 2, unlocked and not tried; 3, a gateway not tried; 4, any other not tried; 5, mastered, the latest
  -- first.
  (SELECT row_to_json(each) FROM (
    SELECT hack.name, slug, short_description, duration_minutes, category.name AS category, category.icon_url AS icon,
           COALESCE(total_practice_count, 0) AS practice_count,
           CASE
             WHEN hack.id = (SELECT selected_hack_id FROM daily_checkins
                             WHERE user_id = stats.user_id AND checkin_date = %(last)s::date) THEN 0
             WHEN total_practice_count > 0 AND mastery_level < 5 THEN 1
             WHEN total_practice_count > 0 THEN 5
             WHEN unlocked_at IS NOT NULL THEN 2
             WHEN is_gateway THEN 3
             ELSE 4
           END AS rank
    FROM hacks AS hack
    JOIN hack_categories AS category ON category.id = category_id
    LEFT JOIN user_hack_progress AS own ON own.hack_id = hack.id AND own.user_id = stats.user_id
    WHERE is_active AND (prerequisite_hack_id IS NULL OR unlocked_at IS NOT NULL OR total_practice_count > 0)
    ORDER BY rank, last_practiced_at DESC NULLS LAST, sort_order, position, difficulty_level, hack.name
    LIMIT 1
  ) AS each) AS suggestion
FROM user_stats AS stats
WHERE stats.user_id = %(member_id)s
