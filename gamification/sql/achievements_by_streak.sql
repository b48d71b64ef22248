-- The longest streak, as user_stats keeps it: one that broke counts for good.
SELECT wanted.id AS achievement_id, needed, user_id, longest_streak::bigint AS value, false AS is_private
FROM wanted CROSS JOIN user_stats
WHERE kind = 'streak' AND WHOSE
