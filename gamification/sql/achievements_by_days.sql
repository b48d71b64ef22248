-- The local days on which a practice began that was finished.
SELECT wanted.id AS achievement_id, user_id, days AS value
FROM wanted
CROSS JOIN (
  SELECT user_id, count(DISTINCT practice_date) AS days
  FROM practice_sessions
  WHERE ended_at IS NOT NULL AND (%(member_id)s::uuid IS NULL OR user_id = %(member_id)s::uuid)
  GROUP BY user_id
) AS practised
WHERE kind = 'days_active'
