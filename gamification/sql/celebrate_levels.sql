-- The levels that %(member_id)s has reached and was not congratulated on: each once, and none that was jumped over.
WITH risen AS (
  UPDATE user_xp SET celebrated_level = level
  WHERE user_id = %(member_id)s AND level > celebrated_level
  RETURNING category_id, level
)
SELECT category.name, category.title, risen.level
FROM risen LEFT JOIN hack_categories AS category ON category.id = risen.category_id
ORDER BY category.sort_order NULLS FIRST, category.name;
