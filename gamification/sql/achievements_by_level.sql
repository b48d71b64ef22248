-- The level, overall or in a category.
SELECT wanted.id AS achievement_id, user_id, level::bigint AS value
FROM wanted
JOIN (
  SELECT user_id, COALESCE(name, '') AS category, level
  FROM user_xp
  LEFT JOIN hack_categories ON hack_categories.id = category_id
  WHERE (%(member_id)s::uuid IS NULL OR user_id = %(member_id)s::uuid)
) AS reached USING (category)
WHERE kind = 'level'
