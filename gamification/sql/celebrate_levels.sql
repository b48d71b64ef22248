-- Return the levels that the member has reached since the last call: overall and in each category the present level
-- alone, without the levels that were skipped. Parameter: member_id.
WITH risen AS (
  UPDATE user_xp SET celebrated_level = level
  WHERE user_id = %(member_id)s AND level > celebrated_level
  RETURNING category_id, level
)
SELECT category.name, category.title, risen.level
FROM risen LEFT JOIN hack_categories AS category ON category.id = risen.category_id
ORDER BY category.sort_order NULLS FIRST, category.name;
