-- Practices, minutes (each hack's whole ones) and hacks tried: in all, in a category, or of one hack.
SELECT wanted.id AS achievement_id, user_id,
       CASE kind WHEN 'practice_count' THEN practices WHEN 'practice_minutes' THEN minutes ELSE tried END AS value
FROM wanted
JOIN (
  SELECT user_id, COALESCE(hacks.slug, '') AS hack, COALESCE(hack_categories.name, '') AS category,
         sum(total_practice_count) AS practices, sum(total_practice_minutes) AS minutes, count(*) AS tried
  FROM user_hack_progress
  JOIN hacks ON hacks.id = hack_id
  JOIN hack_categories ON hack_categories.id = category_id
  WHERE total_practice_count > 0 AND (%(member_id)s::uuid IS NULL OR user_id = %(member_id)s::uuid)
  GROUP BY GROUPING SETS ((user_id), (user_id, hack_categories.name), (user_id, hacks.slug))
) AS practised USING (hack, category)
WHERE kind IN ('practice_count', 'practice_minutes', 'hacks_tried')
