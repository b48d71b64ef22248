-- The member's level, overall or in a category. Private XP counts too, because the total includes it and others may
-- read the total.
WITH reached AS MATERIALIZED (
  SELECT user_id, COALESCE(name, '') AS category, level
  FROM user_xp
  LEFT JOIN hack_categories ON hack_categories.id = category_id
  WHERE WHOSE
)
SELECT wanted.id AS achievement_id, needed, user_id, level::bigint AS value, false AS is_private
FROM wanted JOIN reached USING (category)
WHERE kind = 'level'
