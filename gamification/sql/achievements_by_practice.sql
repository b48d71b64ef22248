-- Count practices, whole minutes of each hack, and hacks tried: in total, and for each category and hack that criteria
-- name.
WITH practised AS MATERIALIZED (
  SELECT '' AS hack, '' AS category, user_id,
         sum(total_practice_count) AS practices, sum(total_practice_minutes) AS minutes, count(*) AS tried
  FROM user_hack_progress
  WHERE total_practice_count > 0 AND WHOSE
  GROUP BY user_id
  UNION ALL
  SELECT '', hack_categories.name, user_id, sum(total_practice_count), sum(total_practice_minutes), count(*)
  FROM user_hack_progress
  JOIN hacks ON hacks.id = hack_id
  JOIN hack_categories ON hack_categories.id = category_id
  WHERE hack_categories.name IN (SELECT category FROM wanted) AND total_practice_count > 0 AND WHOSE
  GROUP BY hack_categories.name, user_id
  UNION ALL
  SELECT slug, '', user_id, total_practice_count, total_practice_minutes, 1
  FROM user_hack_progress
  JOIN hacks ON hacks.id = hack_id
  WHERE slug IN (SELECT hack FROM wanted) AND total_practice_count > 0 AND WHOSE
)
SELECT wanted.id AS achievement_id, needed, user_id,
       CASE kind WHEN 'practice_count' THEN practices WHEN 'practice_minutes' THEN minutes ELSE tried END AS value,
       false AS is_private
FROM wanted JOIN practised USING (hack, category)
WHERE kind IN ('practice_count', 'practice_minutes', 'hacks_tried')
