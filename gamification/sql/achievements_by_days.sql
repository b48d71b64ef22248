-- The local days on which a practice began that was finished: those have a duration, and an index that holds all of it.
WITH practised AS MATERIALIZED (
  SELECT user_id, count(DISTINCT practice_date) AS days
  FROM practice_sessions
  WHERE duration_seconds IS NOT NULL AND WHOSE
  GROUP BY user_id
)
SELECT wanted.id AS achievement_id, needed, user_id, days AS value, false AS is_private
FROM wanted CROSS JOIN practised
WHERE kind = 'days_active'
