-- The member's longest streak: it still counts after it has ended.
SELECT wanted.id AS achievement_id, needed, user_id, longest_streak::bigint AS value, false AS is_private
FROM wanted CROSS JOIN user_stats
WHERE kind = 'streak' AND WHOSE
