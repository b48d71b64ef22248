-- Count the local days on which a finished practice began. A finished practice has a duration, which an index includes.
WITH practised AS MATERIALIZED (
  SELECT user_id, count(DISTINCT practice_date) AS days
  FROM practice_sessions
  WHERE duration_seconds IS NOT NULL AND WHOSE
  GROUP BY user_id
)
SELECT wanted.id AS achievement_id, needed, user_id, days AS value, false AS is_private
FROM wanted CROSS JOIN practised
WHERE kind = 'days_active'
