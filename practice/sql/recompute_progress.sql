-- Drift check, run each night: compare every member's totals for every hack with the sessions, repair those that differ
-- and return how many did. Each row is recomputed under its own lock, so that a session logged meanwhile is not lost.
WITH missing AS (
  INSERT INTO user_hack_progress (
    id, user_id, hack_id, first_practiced_at, last_practiced_at, total_practice_count, total_practice_minutes,
    days_active, mastery_level
  )
  SELECT app.uuid7(), practised.user_id, practised.hack_id, totals.first_at, totals.last_at, totals.practices,
         totals.minutes, totals.days, app.mastery_level(totals.practices)
  FROM (SELECT DISTINCT user_id, hack_id FROM practice_sessions WHERE ended_at IS NOT NULL) AS practised
  LEFT JOIN user_hack_progress AS progress USING (user_id, hack_id)
  CROSS JOIN LATERAL app.practice_totals(practised.user_id, practised.hack_id) AS totals
  WHERE progress.id IS NULL
  ON CONFLICT (user_id, hack_id) DO NOTHING
  RETURNING id
), stale AS MATERIALIZED (
  SELECT progress.user_id, progress.hack_id
  FROM user_hack_progress AS progress
  CROSS JOIN LATERAL app.practice_totals(progress.user_id, progress.hack_id) AS totals
  WHERE (first_practiced_at, last_practiced_at, total_practice_count, total_practice_minutes, days_active, mastery_level)
    IS DISTINCT FROM (first_at, last_at, practices, minutes, days, app.mastery_level(practices))
)
SELECT (SELECT count(*) FROM missing) + (SELECT count(app.refresh_practice_progress(user_id, hack_id)::text) FROM stale);
